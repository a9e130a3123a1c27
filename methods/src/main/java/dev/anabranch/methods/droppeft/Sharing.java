package dev.anabranch.methods.droppeft;

import dev.anabranch.core.Check;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Trainable;
import dev.anabranch.core.Update;
import dev.anabranch.methods.Noted;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Personalised transformer layer sharing: a device shares the modules of s layers and keeps those
 * of the others. Layers that were not active in a visit are shared last, for they have nothing new.
 *
 * @param selector which layers
 * @param count s; 0: half of them, rounded up
 */
record Sharing(Selector selector, int count) {
  /** Which layers a device shares. */
  enum Selector {
    /** Those with the smallest gradients: what is common to all devices. */
    LEAST_IMPORTANT,
    MOST_IMPORTANT,
    LOWEST_INDEX,
    ALL
  }

  static final String STEPS = "steps";
  static final String GAIN = "gain";
  private static final String PERSONAL = "personal";

  /** Steps and summed norms of gradients, by layer, of one visit. */
  static final class Importance {
    private final boolean measured;
    private final float[] steps;
    private final double[] norms;
    private int all;

    private Importance(boolean measured, int layers) {
      this.measured = measured;
      steps = new float[layers];
      norms = new double[layers];
    }

    /** After a backward pass, before the step. */
    void step(int[] active, Trainable trainable) {
      all++;
      for (int layer : active) {
        steps[layer]++;
        if (measured) {
          norms[layer] += trainable.gradientNorm(name -> TensorSpec.layer(name) == layer);
        }
      }
    }

    /** I_l: mean norm over the steps in which the layer was active. */
    private double of(int layer) {
      return norms[layer] / Math.max(1, steps[layer]);
    }

    /** c_l / τ. */
    private Tensor shares() {
      float[] out = steps.clone();
      for (int l = 0; l < out.length; l++) {
        out[l] /= Math.max(1, all);
      }
      return Tensor.of(out, out.length);
    }
  }

  void require(ModelFacts model) {
    Check.that(
        count <= model.layers(),
        "sharedLayers",
        count,
        "at most " + model.layers() + ", the layers of " + model.name());
  }

  Importance importance(int layers) {
    boolean measured = selector == Selector.LEAST_IMPORTANT || selector == Selector.MOST_IMPORTANT;
    return new Importance(measured, layers);
  }

  /** The variables of a visit: those that came, and for the other layers the device's own. */
  TensorMap begin(Memory memory, TensorMap modules, List<TensorSpec> specs) {
    var own = memory.get(PERSONAL).orElseGet(TensorMap::empty);
    var all = new LinkedHashMap<String, Tensor>();
    for (var spec : specs) {
      all.put(
          spec.name(), modules.has(spec.name()) ? modules.get(spec.name()) : own.get(spec.name()));
    }
    return TensorMap.of(all);
  }

  /** Keeps the personal layers and gives what is shared. */
  Update end(
      Memory memory,
      Model model,
      TensorMap start,
      Importance importance,
      int examples,
      double loss,
      double gain) {
    var shared = choose(importance);
    var notes = Map.of(STEPS, importance.shares(), GAIN, Tensor.of(new float[] {(float) gain}, 1));
    try (start;
        var now = model.trainable().copy();
        var delta = now.minus(start)) {
      memory.put(PERSONAL, now.select(name -> !isShared(shared, name)));
      return new Update(
          delta.select(name -> isShared(shared, name)),
          examples,
          loss,
          TensorMap.of(new java.util.TreeMap<>(notes)));
    }
  }

  /** What is wrong with an update of some of these variables, if anything. */
  static Optional<String> mismatch(Update update, TensorMap global) {
    var shared = update.delta();
    var theirs = global.specs().stream().filter(spec -> shared.has(spec.name())).toList();
    int layers = layers(global).size();
    return update
        .mismatch(theirs)
        .or(() ->
            update
                .notes()
                .difference(List.of(TensorSpec.of(GAIN, 1), TensorSpec.of(STEPS, layers))));
  }

  private static boolean isShared(Set<Integer> layers, String variable) {
    int layer = TensorSpec.layer(variable);
    return layer < 0 || layers.contains(layer);
  }

  private Set<Integer> choose(Importance importance) {
    int layers = importance.steps.length;
    int s = selector == Selector.ALL ? layers : count == 0 ? (layers + 1) / 2 : count;
    Comparator<Integer> order =
        switch (selector) {
          case LEAST_IMPORTANT -> Comparator.comparingDouble(importance::of);
          case MOST_IMPORTANT -> Comparator.comparingDouble(l -> -importance.of(l));
          case LOWEST_INDEX, ALL -> Comparator.naturalOrder();
        };
    Comparator<Integer> activeFirst =
        importance.measured
            ? Comparator.comparing(l -> importance.steps[l] == 0)
            : Comparator.comparing(l -> 0);
    return IntStream.range(0, layers)
        .boxed()
        .sorted(activeFirst.thenComparing(order))
        .limit(s)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String note(NodeId device, Object layer) {
    return "shares/" + device + "/" + layer;
  }

  /** Keeps in mind which layers a device shares from now on. */
  static void note(Noted state, NodeId device, TensorMap shared) {
    state.notes().subMap(note(device, ""), note(device, "~")).clear();
    layers(shared).forEach(layer -> state.notes().put(note(device, layer), 1.0));
    state.notes().put(note(device, -1), 1.0);
  }

  /** What a device does not have: the modules of the layers that it shares; all at first. */
  static TensorMap modules(Noted state, NodeId device) {
    boolean known = state.notes().containsKey(note(device, -1));
    return state
        .global()
        .select(name -> !known || state.notes().containsKey(note(device, TensorSpec.layer(name))));
  }

  /** The layers whose modules are there. */
  static Set<Integer> layers(TensorMap modules) {
    return modules.specs().stream()
        .map(spec -> TensorSpec.layer(spec.name()))
        .filter(layer -> layer >= 0)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
