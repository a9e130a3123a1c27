package dev.anabranch.torch.internal;

import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Native bytes that the engine holds, as far as they are live at an operation boundary: after a
 * layer's forward pass, after the loss, after the backward pass of a range of layers, after a step.
 * What lives only within one of these is not seen by the meter, and so not here.
 *
 * <p>With m = b · t rows of width d, feed-forward width f, h heads and e bytes an element of the
 * layer's type, a layer with something trained in it keeps for its backward pass, as {@link
 * BertLayers} leaves it to autograd:
 *
 * <ul>
 *   <li>query, key and value, 3 · m · d, and attention's result, m · d, in fp32, with one number a
 *       row and head (the logarithm of its sum); a prefix of p positions makes keys and values b ·
 *       (t + p) · d each;
 *   <li>the input of each norm, m · d · e, with mean and deviation a row;
 *   <li>the input of GELU, m · f · e;
 *   <li>the input of a linear map only if its weight is trained or LoRA stands beside it: m · d · e
 *       for attention's maps and the first of the feed-forward part (query, key and value share
 *       one; in fp32 that of attention's last map is attention's result itself), m · f · e for the
 *       last; LoRA's own middle, m · r · e;
 *   <li>an adapter of width w: its input, m · d · e, and both sides of its GELU, 2 · m · w · e.
 * </ul>
 *
 * <p>A frozen layer that a gradient passes ({@link FrozenLayers}) keeps the first three alone.
 * Nothing is kept below the lowest trained variable.
 *
 * <p>Beside these: the trained variables (P elements of 4 bytes), their gradients (P, from the
 * first backward pass to the next {@code zero}), AdamW's moments (2 P) or SGD's velocity (P), and
 * each message that a piece of work hands over. Immutable.
 */
final class Footprint {
  private final BertShapes shapes;
  private final Map<String, TensorSpec> trained = new HashMap<>();

  Footprint(BertShapes shapes, List<TensorSpec> trained) {
    this.shapes = shapes;
    trained.forEach(spec -> this.trained.put(spec.name(), spec));
  }

  static long bytes(List<TensorSpec> specs) {
    return Float.BYTES * specs.stream().mapToLong(TensorSpec::elements).sum();
  }

  /** d. */
  int width() {
    return shapes.width();
  }

  /** Hidden states of b samples of t positions. */
  long hidden(long b, long t, int e) {
    return b * t * shapes.width() * e;
  }

  /** Whether a layer's input stays until its backward pass. */
  boolean keepsInput(int layer) {
    return keeps(layer, "attention.self.query")
        || keeps(layer, "attention.self.key")
        || keeps(layer, "attention.self.value");
  }

  private boolean keeps(int layer, String module) {
    var at = BertShapes.layer(layer) + module;
    return trained.containsKey(at + ".weight") || trained.containsKey(at + ".lora_A");
  }

  /** What a frozen layer keeps beside its input and output. */
  long traced(long b, long t, int e) {
    long m = b * t;
    return attention(b, t, 0) + 2 * norm(m, e) + m * shapes.intermediate() * e;
  }

  private long attention(long b, long t, long prefix) {
    long d = shapes.width();
    return Float.BYTES * (2 * b * t * d + 2 * b * (t + prefix) * d + b * t * shapes.heads());
  }

  private long norm(long m, int e) {
    return m * shapes.width() * e + 2 * m * Float.BYTES;
  }

  /** What a layer with something trained in it keeps beside its input and output. */
  long recorded(int layer, long b, long t, int e) {
    var at = BertShapes.layer(layer);
    long m = b * t;
    long d = shapes.width();
    long f = shapes.intermediate();
    var prefix = trained.get(at + "prefix.key");
    long sum = attention(b, t, prefix == null ? 0 : prefix.shape().get(0));
    sum += e < Float.BYTES && keeps(layer, "attention.output.dense") ? m * d * e : 0;
    sum += 2 * norm(m, e) + m * f * e;
    sum += keeps(layer, "intermediate.dense") ? m * d * e : 0;
    sum += keeps(layer, "output.dense") ? m * f * e : 0;
    for (var spec : trained.values()) {
      if (spec.name().startsWith(at) && spec.name().endsWith(".lora_A")) {
        sum += m * spec.shape().get(0) * e;
      }
    }
    var adapter = trained.get(at + "adapter.down.weight");
    return adapter == null ? sum : sum + m * d * e + 2 * m * adapter.shape().get(0) * e;
  }
}
