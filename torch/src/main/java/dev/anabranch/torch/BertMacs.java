package dev.anabranch.torch;

import dev.anabranch.core.TensorSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Multiply-accumulates of a BERT classifier: the one place that says what is counted.
 *
 * <ul>
 *   <li>A linear map of n rows, [n, in] to [n, out]: n · in · out forward, the same for the
 *       gradient of its input, and the same for that of its weight. So full training costs 3 F and
 *       a frozen map that a gradient passes costs 2 F. LoRA's and an adapter's maps are linear maps
 *       like any other.
 *   <li>Attention of a sample over t positions: 2 · t · t · d forward, 4 · t · t · d backward, as
 *       it has no weights and both factors of its two products have a gradient. A prefix of p
 *       positions makes it 2 · t · (t + p) · d.
 *   <li>Embedding look-ups, sums, norms, softmax, GELU, pooling and the optimizer count 0.
 *   <li>A gradient that nobody needs is not computed and not counted: nothing below the lowest
 *       trained variable. Padding is computed, so it counts; the scores that a fused attention
 *       recomputes in its backward pass do not.
 * </ul>
 *
 * <p>Immutable.
 */
public final class BertMacs {
  private final BertShapes shapes;
  private final Map<String, TensorSpec> trained = new HashMap<>();

  /**
   * @param trained all trained variables; those of other segments may be among them
   */
  public BertMacs(BertShapes shapes, List<TensorSpec> trained) {
    this.shapes = shapes;
    trained.forEach(spec -> this.trained.put(spec.name(), spec));
  }

  /** The forward pass of one layer over b samples of t positions. */
  public long forward(int layer, long b, long t) {
    return new Walk(layer, b, t, false).forward;
  }

  /**
   * The backward pass of one layer.
   *
   * @param gradientBelow whether the gradient of the layer's input is needed
   */
  public long backward(int layer, long b, long t, boolean gradientBelow) {
    return new Walk(layer, b, t, gradientBelow).backward;
  }

  /** The classifier's forward pass. */
  public long classifier(long b) {
    return b * shapes.width() * shapes.classes();
  }

  /** The pre-trained pooler's forward pass, or the gradient of its input. */
  public long pooler(long b) {
    return b * shapes.width() * shapes.width();
  }

  /** The classifier's backward pass. */
  public long classifierBackward(long b, boolean gradientBelow) {
    return classifier(b)
        * ((trained.containsKey("classifier.weight") ? 1 : 0) + (gradientBelow ? 1 : 0));
  }

  /** Whether a layer has any trained variable. */
  public boolean touches(int layer) {
    var at = BertShapes.layer(layer);
    return trained.keySet().stream().anyMatch(name -> name.startsWith(at));
  }

  /** Follows one layer from its input to its output and knows where a gradient passes. */
  private final class Walk {
    private final String at;
    private final long rows;
    private long forward;
    private long backward;

    Walk(int layer, long b, long t, boolean below) {
      at = BertShapes.layer(layer);
      rows = b * t;
      boolean query = linear("attention.self.query", below);
      boolean key = linear("attention.self.key", below);
      boolean value = linear("attention.self.value", below);
      var prefix = trained.get(at + "prefix.key");
      long keys = t + (prefix == null ? 0 : prefix.shape().get(0));
      long attention = 2 * b * t * keys * shapes.width();
      forward += attention;
      boolean context = query || key || value || prefix != null;
      backward += context ? 2 * attention : 0;
      boolean mixed =
          linear("attention.output.dense", context) || below || has("attention.output.LayerNorm");
      boolean inner = linear("intermediate.dense", mixed);
      boolean outer = linear("output.dense", inner);
      adapter(outer);
    }

    /** Counts a linear map; true if its output has a gradient. */
    private boolean linear(String module, boolean below) {
      long cost = rows * shapes.in(module) * shapes.out(module);
      forward += cost;
      backward += below ? cost : 0;
      backward += trained.containsKey(at + module + ".weight") ? cost : 0;
      var low = trained.get(at + module + ".lora_A");
      if (low != null) {
        long r = low.shape().get(0);
        forward += rows * r * (shapes.in(module) + shapes.out(module));
        backward += rows * r * ((below ? 2L : 1L) * shapes.in(module) + 2L * shapes.out(module));
      }
      return below || low != null || has(module);
    }

    private void adapter(boolean below) {
      var down = trained.get(at + "adapter.down.weight");
      if (down != null) {
        long cost = 2 * rows * shapes.width() * down.shape().get(0);
        forward += cost;
        backward += 2 * cost - (below ? 0 : cost / 2);
      }
    }

    private boolean has(String module) {
      return trained.containsKey(at + module + ".weight")
          || trained.containsKey(at + module + ".bias");
    }
  }
}
