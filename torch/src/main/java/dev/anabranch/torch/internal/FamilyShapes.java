package dev.anabranch.torch.internal;

import dev.anabranch.core.Check;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which variables of a family are trained under a parameterisation and which stay frozen. Plain
 * arithmetic; no tensor is touched.
 *
 * <p>The order is that of the wire: segment by segment; within one the prompt, what comes before
 * the layers, the layers (each: its own variables, then what sits beside them), what comes after.
 * An output matrix that is tied to the embeddings is trained where one segment has both, and stays
 * frozen in a segment that has the output alone.
 */
record FamilyShapes(Family family) {
  static final String PROMPT = BertShapes.PROMPT;

  /** What all holders train together. */
  List<TensorSpec> trained(ModelUse use) {
    return trained(use, use.partition().segments());
  }

  /** What some segments train. */
  List<TensorSpec> trained(ModelUse use, List<Partition.Segment> segments) {
    check(use);
    return segments.stream()
        .flatMap(segment -> trained(use.partition(), segment, use.of(segment)).stream())
        .toList();
  }

  /** What is trained of one segment. */
  List<TensorSpec> trained(Partition partition, Partition.Segment segment, Parameterisation how) {
    var all = new LinkedHashMap<String, TensorSpec>();
    var parts = BertShapes.flat(how);
    for (var part : parts) {
      if (part instanceof Parameterisation.SoftPrompt prompt) {
        Check.that(
            BertShapes.isFirst(partition, segment),
            "soft prompt in segment",
            segment.name(),
            partition.segments().get(0).name() + ", where the input enters");
        Check.that(!all.containsKey(PROMPT), "soft prompts", 2, "at most 1");
        put(all, TensorSpec.of(PROMPT, prompt.tokens(), family.width()));
      }
    }
    if (BertShapes.isFirst(partition, segment)) {
      own(family.input(), parts, all);
    }
    for (int i = segment.from(); i < segment.until(); i++) {
      own(family.layer(i), parts, all);
      for (var part : parts) {
        beside(part, i, all);
      }
    }
    if (BertShapes.isLast(partition, segment)) {
      own(output(partition, segment), parts, all);
      boolean head = parts.stream().anyMatch(this::trainsHead);
      family.output().stream()
          .filter(spec -> head && family.head().contains(spec.name()))
          .forEach(spec -> put(all, spec));
    }
    return List.copyOf(all.values());
  }

  private boolean trainsHead(Parameterisation part) {
    return part instanceof Parameterisation.HeadOnly
        || (!family.languageModel() && !(part instanceof Parameterisation.Frozen));
  }

  /** Without what is tied to embeddings that another segment has. */
  private List<TensorSpec> output(Partition partition, Partition.Segment segment) {
    boolean whole = BertShapes.isFirst(partition, segment);
    return family.output().stream()
        .filter(spec -> whole || !family.input().contains(spec))
        .toList();
  }

  private static void own(
      List<TensorSpec> specs, List<Parameterisation> parts, Map<String, TensorSpec> all) {
    for (var spec : specs) {
      if (parts.stream().anyMatch(part -> trains(part, spec.name()))) {
        put(all, spec);
      }
    }
  }

  private static boolean trains(Parameterisation part, String name) {
    return switch (part) {
      case Parameterisation.Everything e -> true;
      case Parameterisation.Biases b -> name.endsWith(".bias");
      default -> false;
    };
  }

  private void beside(Parameterisation part, int i, Map<String, TensorSpec> all) {
    var at = family.at(i);
    switch (part) {
      case Parameterisation.Lora lora -> {
        for (var map : family.maps(i)) {
          if (lora.targetsOr(family.adapted()).stream().anyMatch(map::answersTo)) {
            put(all, TensorSpec.of(at + map.module() + ".lora_A", lora.r(), map.in()));
            put(all, TensorSpec.of(at + map.module() + ".lora_B", map.out(), lora.r()));
          }
        }
      }
      case Parameterisation.Adapter adapter -> {
        int m = adapter.bottleneck();
        put(all, TensorSpec.of(at + "adapter.down.weight", m, family.width()));
        put(all, TensorSpec.of(at + "adapter.down.bias", m));
        put(all, TensorSpec.of(at + "adapter.up.weight", family.width(), m));
        put(all, TensorSpec.of(at + "adapter.up.bias", family.width()));
      }
      case Parameterisation.Prefix prefix -> {
        put(all, TensorSpec.of(at + "prefix.key", prefix.tokens(), family.keyWidth()));
        put(all, TensorSpec.of(at + "prefix.value", prefix.tokens(), family.keyWidth()));
      }
      default -> {}
    }
  }

  private static void put(Map<String, TensorSpec> all, TensorSpec spec) {
    Check.that(
        all.putIfAbsent(spec.name(), spec) == null || spec.equals(all.get(spec.name())),
        "combined parameterisations give '" + spec.name() + "' the shapes " + spec.shape() + " and",
        all.getOrDefault(spec.name(), spec).shape(),
        "one of them");
  }

  /** Refuses by name what cannot be laid on this family. */
  private void check(ModelUse use) {
    Check.that(
        use.partition().layers() == family.layers(),
        "layers",
        use.partition().layers(),
        "" + family.layers());
    for (var segment : use.partition().segments()) {
      for (var part : BertShapes.flat(use.of(segment))) {
        Check.that(
            family.takes(part),
            "parameterisation",
            part.name(),
            "one that " + family.name() + " has a place for");
        if (part instanceof Parameterisation.Lora lora) {
          checkTargets(lora);
        }
        Check.that(
            !(part instanceof Parameterisation.Biases) || hasBiases(),
            "parameterisation",
            part.name(),
            "another one: " + family.name() + " has no biases");
        Check.that(
            !(part instanceof Parameterisation.HeadOnly) || !tied(),
            "parameterisation",
            part.name(),
            "another one: the head of this " + family.name() + " is tied to its embeddings");
      }
    }
  }

  private void checkTargets(Parameterisation.Lora lora) {
    for (var target : lora.targets()) {
      boolean known = false;
      for (int i = 0; i < family.layers(); i++) {
        known |= family.maps(i).stream().anyMatch(map -> map.answersTo(target));
      }
      Check.that(known, "target_modules", target, "of " + String.join(", ", targets()));
    }
  }

  /** What {@code target_modules} may name: PEFT's short names, and {@code all-linear}. */
  Set<String> targets() {
    var out = new LinkedHashSet<String>();
    for (int i = 0; i < family.layers(); i++) {
      family
          .maps(i)
          .forEach(map -> out.add(map.module().substring(map.module().lastIndexOf('.') + 1)));
    }
    out.add("all-linear");
    return out;
  }

  private boolean hasBiases() {
    return pretrained().stream().anyMatch(spec -> spec.name().endsWith(".bias"));
  }

  /** Whether the output shares a matrix with the embeddings. */
  boolean tied() {
    return family.output().stream().anyMatch(family.input()::contains);
  }

  /** How many soft prompts take positions. */
  static int prompts(ModelUse use) {
    return use.prompts();
  }

  /** LoRA's scale, lora_alpha / r, for a linear map of a layer. */
  double loraScale(Parameterisation how, String module) {
    return BertShapes.flat(how).stream()
        .filter(part ->
            part instanceof Parameterisation.Lora lora
                && lora.targetsOr(family.adapted()).stream()
                    .anyMatch(t -> new Family.LinearMap(module, 0, 0).answersTo(t)))
        .mapToDouble(
            part -> ((Parameterisation.Lora) part).alpha() / ((Parameterisation.Lora) part).r())
        .findFirst()
        .orElse(0);
  }

  /** All variables of some segments that are not trained: what is installed beforehand. */
  List<TensorSpec> frozen(ModelUse use, List<Partition.Segment> held) {
    var trained = trained(use, held).stream().map(TensorSpec::name).collect(Collectors.toSet());
    var all = new LinkedHashSet<TensorSpec>();
    for (var segment : held) {
      if (BertShapes.isFirst(use.partition(), segment)) {
        all.addAll(family.input());
      }
      for (int i = segment.from(); i < segment.until(); i++) {
        all.addAll(family.layer(i));
      }
      if (BertShapes.isLast(use.partition(), segment)) {
        all.addAll(family.output());
      }
    }
    return all.stream().filter(spec -> !trained.contains(spec.name())).toList();
  }

  /** All variables but the task's head: what a checkpoint must have. */
  List<TensorSpec> pretrained() {
    var all = new ArrayList<>(family.input());
    for (int i = 0; i < family.layers(); i++) {
      all.addAll(family.layer(i));
    }
    family.output().stream().filter(spec -> !all.contains(spec)).forEach(all::add);
    all.removeIf(spec -> !family.languageModel() && family.head().contains(spec.name()));
    return all;
  }
}
