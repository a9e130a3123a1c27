package dev.anabranch.torch.internal;

import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Native bytes that the engine holds, as far as they are live at an operation boundary: after a
 * layer's forward pass, after the loss, after the backward pass of a range of layers, after a step.
 * What lives only within one of these is not seen by the meter, and so not here.
 *
 * <p>With m = b · t rows of width d, feed-forward width f, h heads and e bytes an element of the
 * layer's type, a layer that a gradient passes keeps, as {@link TrainedLayers} leaves it:
 *
 * <ul>
 *   <li>query, key and value, 3 · m · d, and attention's result, m · d, in fp32, with one number a
 *       row and head (the logarithm of its sum); in bf16 and up to {@link Attention#LONGEST}
 *       positions query, key, value and the probabilities, b · h · t · t, in bf16 instead;
 *   <li>the input of each norm, m · d · e, with mean and deviation a row;
 *   <li>the input of GELU, m · f · e, whose result is computed again;
 *   <li>the input of a linear map only if its weight is trained or LoRA stands beside it: m · d · e
 *       (query, key and value share one; in fp32 that of attention's last map is attention's
 *       result), and LoRA's own middle, m · r · e;
 *   <li>query, key and value trained as a whole: their weights side by side, 3 · d · d · e, where
 *       the gradient goes further down.
 * </ul>
 *
 * <p>The lowest trained layer keeps only what lies above its lowest trained variable, and nothing
 * is kept below it. Layers with an adapter or a prefix are left to autograd ({@link BertLayers}),
 * which keeps query, key and value apart (keys and values b · (t + p) · d each with p prefix
 * positions) in fp32, both sides of GELU where the last map's input is needed, an adapter's input,
 * m · d · e, and both sides of its own GELU, 2 · m · w · e for a width w.
 *
 * <p>Beside these: the trained variables (P elements of 4 bytes), their gradients (P, from the
 * first backward pass to the next {@code zero}), AdamW's moments (2 P) or SGD's velocity (P), and
 * each message that a piece of work hands over. Of the word embeddings P counts only rows that were
 * used, except for their values; {@value RowAdamW#FIRST} rows are assumed. Immutable.
 */
final class Footprint {
  /** Parts of a layer with variables, from its input to its output. */
  private static final List<List<String>> STAGES =
      List.of(
          List.of("attention.self.query", "attention.self.key", "attention.self.value"),
          List.of("attention.output.dense"),
          List.of("attention.output.LayerNorm"),
          List.of("intermediate.dense"),
          List.of("output.dense"),
          List.of("output.LayerNorm"));

  private final BertShapes shapes;
  private final Map<String, TensorSpec> trained = new HashMap<>();
  private final Set<String> own;

  /**
   * @param own the model's variables
   * @param stepped those among them that have gradients
   */
  Footprint(BertShapes shapes, List<TensorSpec> own, List<TensorSpec> stepped) {
    this.shapes = shapes;
    this.own = own.stream().map(TensorSpec::name).collect(Collectors.toUnmodifiableSet());
    stepped.forEach(spec -> this.trained.put(spec.name(), spec));
  }

  /** Whether a variable is held as frozen layers are. */
  static boolean inLayer(TensorSpec spec) {
    return spec.name().startsWith("encoder.");
  }

  /** Whether this is a matrix that forward passes read in another order. */
  static boolean packs(TensorSpec spec) {
    return inLayer(spec) && spec.shape().size() == 2;
  }

  /**
   * Bytes of frozen variables.
   *
   * @param ofLayers bytes of an element of a layer; of all others it has four
   */
  static long frozen(List<TensorSpec> frozen, int ofLayers) {
    return frozen.stream()
        .mapToLong(spec -> spec.elements() * (inLayer(spec) ? ofLayers : Float.BYTES))
        .sum();
  }

  /** Bytes of frozen variables in the other order, where they are packed. */
  static long packed(List<TensorSpec> frozen, int ofLayers) {
    return ofLayers
        * frozen.stream().filter(Footprint::packs).mapToLong(TensorSpec::elements).sum();
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
  boolean keepsInput(int layer, boolean below) {
    boolean needed =
        keeps(layer, "attention.self.query")
            || keeps(layer, "attention.self.key")
            || keeps(layer, "attention.self.value");
    return needed && (below || lowest(layer) == 0);
  }

  /** Whether anything of a module is trained. */
  private boolean trains(int layer, String module) {
    return keeps(layer, module) || trained.containsKey(BertShapes.layer(layer) + module + ".bias");
  }

  /** How many of {@link #STAGES} lie below everything that is trained. */
  private int lowest(int layer) {
    int stage = 0;
    while (stage < STAGES.size()
        && STAGES.get(stage).stream().noneMatch(module -> trains(layer, module))) {
      stage++;
    }
    return stage;
  }

  /** Whether autograd keeps a layer, because of an adapter or a prefix. */
  boolean byAutograd(int layer) {
    var at = BertShapes.layer(layer);
    return trained.containsKey(at + "adapter.down.weight")
        || trained.containsKey(at + "prefix.key");
  }

  private boolean keeps(int layer, String module) {
    var at = BertShapes.layer(layer) + module;
    return trained.containsKey(at + ".weight") || trained.containsKey(at + ".lora_A");
  }

  /**
   * What a layer keeps beside its input and output.
   *
   * @param below whether the gradient of its input is needed
   */
  long kept(int layer, long b, long t, int e, boolean below) {
    long m = b * t;
    long d = shapes.width();
    int stop = below ? -1 : lowest(layer);
    boolean products = e < Float.BYTES && t <= Attention.LONGEST;
    long sum = lora(layer, m, e);
    if (stop <= 0) {
      sum += products ? e * (3 * m * d + b * shapes.heads() * t * t) : attention(b, t, 0);
      boolean whole = own.contains(BertShapes.layer(layer) + "attention.self.query.weight");
      sum += stop < 0 && whole ? 3 * d * d * e : 0;
    }
    boolean shared = e == Float.BYTES && stop <= 0;
    sum += stop <= 1 && !shared && keeps(layer, "attention.output.dense") ? m * d * e : 0;
    sum += stop <= 2 ? norm(m, e) : 0;
    sum += stop <= 3 && keeps(layer, "intermediate.dense") ? m * d * e : 0;
    sum +=
        stop < 4 || (stop == 4 && keeps(layer, "output.dense")) ? m * shapes.intermediate() * e : 0;
    return sum + (stop <= 5 ? norm(m, e) : 0);
  }

  private long lora(int layer, long m, int e) {
    var at = BertShapes.layer(layer);
    long sum = 0;
    for (var spec : trained.values()) {
      if (spec.name().startsWith(at) && spec.name().endsWith(".lora_A")) {
        sum += m * spec.shape().get(0) * e;
      }
    }
    return sum;
  }

  private long attention(long b, long t, long prefix) {
    long d = shapes.width();
    return Float.BYTES * (2 * b * t * d + 2 * b * (t + prefix) * d + b * t * shapes.heads());
  }

  private long norm(long m, int e) {
    return m * shapes.width() * e + 2 * m * Float.BYTES;
  }

  /**
   * What autograd keeps of a layer beside its input and output.
   *
   * @param below whether the gradient of its input is needed
   */
  long recorded(int layer, long b, long t, int e, boolean below) {
    var at = BertShapes.layer(layer);
    long m = b * t;
    long d = shapes.width();
    long f = shapes.intermediate();
    var prefix = trained.get(at + "prefix.key");
    int stop = below || prefix != null ? -1 : lowest(layer);
    long sum = lora(layer, m, e) + norm(m, e);
    sum += stop <= 0 ? attention(b, t, prefix == null ? 0 : prefix.shape().get(0)) : 0;
    boolean shared = e == Float.BYTES && stop <= 0;
    sum += stop <= 1 && !shared && keeps(layer, "attention.output.dense") ? m * d * e : 0;
    sum += stop <= 2 ? norm(m, e) : 0;
    sum += stop <= 3 && keeps(layer, "intermediate.dense") ? m * d * e : 0;
    sum += stop < 4 ? m * f * e : 0;
    sum += stop <= 4 && keeps(layer, "output.dense") ? m * f * e : 0;
    var adapter = trained.get(at + "adapter.down.weight");
    return adapter == null ? sum : sum + m * d * e + 2 * m * adapter.shape().get(0) * e;
  }
}
