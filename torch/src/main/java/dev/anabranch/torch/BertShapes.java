package dev.anabranch.torch;

import dev.anabranch.core.Check;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Names, shapes and order of the variables of a BERT classifier: which exist, which are trained
 * under a parameterisation, which stay frozen. Plain arithmetic; no tensor is touched.
 *
 * <p>The order is that of the wire: segment by segment; within one the prompt, the embeddings, the
 * layers (each: its own weights, then what sits beside them) and the classifier. Names are those of
 * the Hugging Face checkpoint without {@code bert.} in front. The pre-trained pooler is not used.
 *
 * @param layers transformer layers
 * @param width d
 * @param heads attention heads of {@code width / heads} entries
 * @param intermediate width of the feed-forward part
 * @param vocabulary rows of the word embeddings
 * @param positions rows of the position embeddings: the longest sequence
 * @param types rows of the token type embeddings
 * @param classes of the task
 */
public record BertShapes(
    int layers,
    int width,
    int heads,
    int intermediate,
    int vocabulary,
    int positions,
    int types,
    int classes) {
  /** The soft prompt's variable, [n, d]. */
  public static final String PROMPT = "prompt";

  /** What {@link Parameterisation.Lora} may name. */
  public static final List<String> LORA_TARGETS =
      List.of(
          "query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense");

  /** What it stands for if it names none: PEFT's choice. */
  public static final List<String> ADAPTED = List.of("query", "value");

  private static final List<String> LINEARS =
      List.of(
          "attention.self.query",
          "attention.self.key",
          "attention.self.value",
          "attention.output.dense",
          "intermediate.dense",
          "output.dense");

  /** {@code encoder.layer.5.}: what the names of a layer's variables begin with. */
  public static String layer(int index) {
    return "encoder.layer." + index + ".";
  }

  /** What one holder trains, in the order of the wire. */
  public List<TensorSpec> trained(ModelUse use, NodeId.Role holder) {
    return trained(use, use.partition().heldBy(holder));
  }

  /** What all holders train together. */
  public List<TensorSpec> trained(ModelUse use) {
    return trained(use, use.partition().segments());
  }

  private List<TensorSpec> trained(ModelUse use, List<Partition.Segment> segments) {
    check(use);
    return segments.stream()
        .flatMap(segment -> trained(use.partition(), segment, use.of(segment)).stream())
        .toList();
  }

  /** What is trained of one segment. */
  public List<TensorSpec> trained(
      Partition partition, Partition.Segment segment, Parameterisation how) {
    var all = new LinkedHashMap<String, TensorSpec>();
    var parts = flat(how);
    for (var part : parts) {
      if (part instanceof Parameterisation.SoftPrompt prompt) {
        Check.that(
            isFirst(partition, segment),
            "soft prompt in segment",
            segment.name(),
            partition.segments().get(0).name() + ", where the text enters");
        Check.that(!all.containsKey(PROMPT), "soft prompts", 2, "at most 1");
        put(all, TensorSpec.of(PROMPT, prompt.tokens(), width));
      }
    }
    base(partition, segment).stream()
        .filter(spec -> parts.stream().anyMatch(part -> trains(part, spec.name())))
        .filter(spec -> !spec.name().startsWith("encoder."))
        .filter(spec -> !spec.name().startsWith("classifier."))
        .forEach(spec -> put(all, spec));
    for (int i = segment.from(); i < segment.until(); i++) {
      for (var spec : layerSpecs(i)) {
        if (parts.stream().anyMatch(part -> trains(part, spec.name()))) {
          put(all, spec);
        }
      }
      for (var part : parts) {
        beside(part, i, all);
      }
    }
    boolean any = parts.stream().anyMatch(p -> !(p instanceof Parameterisation.Frozen));
    if (isLast(partition, segment) && any) {
      classifier().forEach(spec -> put(all, spec));
    }
    return List.copyOf(all.values());
  }

  /** Refuses what cannot be laid on this model. */
  private void check(ModelUse use) {
    Check.that(use.partition().layers() == layers, "layers", use.partition().layers(), "" + layers);
    for (var segment : use.partition().segments()) {
      for (var part : flat(use.of(segment))) {
        if (part instanceof Parameterisation.Lora lora) {
          lora.targets()
              .forEach(target ->
                  Check.that(
                      LORA_TARGETS.contains(target),
                      "target_modules",
                      target,
                      "of " + String.join(", ", LORA_TARGETS)));
        }
      }
    }
  }

  /** How many soft prompts stand among the word embeddings, where they take positions. */
  public int wordPrompts(ModelUse use) {
    return use.partition().segments().stream()
        .flatMap(segment -> flat(use.of(segment)).stream())
        .mapToInt(part ->
            part instanceof Parameterisation.SoftPrompt p
                    && p.placing() == Parameterisation.SoftPrompt.Placing.WORDS
                ? p.tokens()
                : 0)
        .sum();
  }

  private static void put(Map<String, TensorSpec> all, TensorSpec spec) {
    Check.that(
        all.putIfAbsent(spec.name(), spec) == null || all.get(spec.name()).equals(spec),
        "combined parameterisations give '" + spec.name() + "' the shapes " + spec.shape() + " and",
        all.getOrDefault(spec.name(), spec).shape(),
        "one of them");
  }

  /** Whether a parameterisation trains this variable of the pre-trained model. */
  private static boolean trains(Parameterisation part, String name) {
    return switch (part) {
      case Parameterisation.Everything e -> true;
      case Parameterisation.Biases b -> name.endsWith(".bias");
      default -> false;
    };
  }

  /** The variables that a parameterisation puts beside the weights of one layer. */
  private void beside(Parameterisation part, int i, Map<String, TensorSpec> all) {
    var at = layer(i);
    switch (part) {
      case Parameterisation.Lora lora -> {
        for (var module : LINEARS) {
          if (adapts(lora, module)) {
            put(all, TensorSpec.of(at + module + ".lora_A", lora.r(), in(module)));
            put(all, TensorSpec.of(at + module + ".lora_B", out(module), lora.r()));
          }
        }
      }
      case Parameterisation.Adapter adapter -> {
        int m = adapter.bottleneck();
        put(all, TensorSpec.of(at + "adapter.down.weight", m, width));
        put(all, TensorSpec.of(at + "adapter.down.bias", m));
        put(all, TensorSpec.of(at + "adapter.up.weight", width, m));
        put(all, TensorSpec.of(at + "adapter.up.bias", width));
      }
      case Parameterisation.Prefix prefix -> {
        put(all, TensorSpec.of(at + "prefix.key", prefix.tokens(), width));
        put(all, TensorSpec.of(at + "prefix.value", prefix.tokens(), width));
      }
      default -> {}
    }
  }

  /** {@code attention.self.query} of what {@link #LORA_TARGETS} calls {@code query}. */
  public static String module(String target) {
    return LINEARS.stream().filter(m -> target(m).equals(target)).findFirst().orElseThrow();
  }

  /** {@code query} of {@code attention.self.query}. */
  public static String target(String module) {
    return module.startsWith("attention.self.")
        ? module.substring("attention.self.".length())
        : module;
  }

  /** Whether an update stands beside a linear map of a layer. */
  public static boolean adapts(Parameterisation.Lora lora, String module) {
    return lora.targetsOr(ADAPTED).contains(target(module));
  }

  /** LoRA's {@code lora_alpha} for a linear map of a layer; 0 if it has none. */
  public static double loraAlpha(Parameterisation how, String module) {
    return flat(how).stream()
        .filter(part -> part instanceof Parameterisation.Lora lora && adapts(lora, module))
        .mapToDouble(part -> ((Parameterisation.Lora) part).alpha())
        .findFirst()
        .orElse(0);
  }

  /** Input width of a linear map of a layer, such as {@code attention.self.query}. */
  public int in(String module) {
    return module.equals("output.dense") ? intermediate : width;
  }

  /** Output width of a linear map of a layer. */
  public int out(String module) {
    return module.equals("intermediate.dense") ? intermediate : width;
  }

  /** The pre-trained variables of a segment, and the classifier where it has it. */
  public List<TensorSpec> base(Partition partition, Partition.Segment segment) {
    var all = new ArrayList<TensorSpec>();
    if (isFirst(partition, segment)) {
      all.addAll(embeddings());
    }
    for (int i = segment.from(); i < segment.until(); i++) {
      all.addAll(layerSpecs(i));
    }
    if (isLast(partition, segment)) {
      all.addAll(classifier());
    }
    return all;
  }

  /** The variables that one holder keeps frozen: what is installed before its first visit. */
  public List<TensorSpec> frozen(ModelUse use, NodeId.Role holder) {
    var trained = trained(use, holder).stream().map(TensorSpec::name).toList();
    Predicate<TensorSpec> kept = spec -> !trained.contains(spec.name());
    return use.partition().heldBy(holder).stream()
        .flatMap(segment -> base(use.partition(), segment).stream())
        .filter(kept)
        .toList();
  }

  /** All pre-trained variables, without a classifier: what a model file must have. */
  public List<TensorSpec> pretrained() {
    var all = new ArrayList<>(embeddings());
    for (int i = 0; i < layers; i++) {
      all.addAll(layerSpecs(i));
    }
    return all;
  }

  private List<TensorSpec> embeddings() {
    return List.of(
        TensorSpec.of("embeddings.word_embeddings.weight", vocabulary, width),
        TensorSpec.of("embeddings.position_embeddings.weight", positions, width),
        TensorSpec.of("embeddings.token_type_embeddings.weight", types, width),
        TensorSpec.of("embeddings.LayerNorm.weight", width),
        TensorSpec.of("embeddings.LayerNorm.bias", width));
  }

  private List<TensorSpec> layerSpecs(int i) {
    var at = layer(i);
    var all = new ArrayList<TensorSpec>();
    for (var module : LINEARS) {
      all.add(TensorSpec.of(at + module + ".weight", out(module), in(module)));
      all.add(TensorSpec.of(at + module + ".bias", out(module)));
      if (module.equals("attention.output.dense") || module.equals("output.dense")) {
        var norm = at + module.replace("dense", "LayerNorm");
        all.add(TensorSpec.of(norm + ".weight", width));
        all.add(TensorSpec.of(norm + ".bias", width));
      }
    }
    return all;
  }

  private List<TensorSpec> classifier() {
    return List.of(
        TensorSpec.of("classifier.weight", classes, width),
        TensorSpec.of("classifier.bias", classes));
  }

  /** Whether a segment has the embeddings. */
  public static boolean isFirst(Partition partition, Partition.Segment segment) {
    return partition.segments().get(0).equals(segment);
  }

  /** Whether a segment has the classifier. */
  public static boolean isLast(Partition partition, Partition.Segment segment) {
    return partition.segments().get(partition.segments().size() - 1).equals(segment);
  }

  /** The parts of a parameterisation that is combined of several, at any depth. */
  public static List<Parameterisation> flat(Parameterisation how) {
    return how instanceof Parameterisation.Combined combined
        ? combined.parts().stream().flatMap(part -> flat(part).stream()).toList()
        : List.of(how);
  }
}
