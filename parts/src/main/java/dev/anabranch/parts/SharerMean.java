package dev.anabranch.parts;

import dev.anabranch.core.Aggregator;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.TreeMean;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Collectors;

/**
 * A weighted mean of its own for each transformer layer, over the devices that sent the layer; what
 * lies outside of layers is one more group. Sums follow {@link TreeMean}, so where all devices send
 * everything with one weight each, the result is that of one mean, to the bit. Not thread-safe.
 */
public final class SharerMean {
  private final List<TensorSpec> specs;
  private final Map<Integer, List<TensorSpec>> layers;
  private final Map<Integer, Aggregator.Fold<TensorMap, TensorMap>> folds = new TreeMap<>();

  /**
   * @param specs of everything that may come, in the order of the result
   */
  public SharerMean(Collection<TensorSpec> specs) {
    this.specs = List.copyOf(specs);
    layers = specs.stream().collect(Collectors.groupingBy(spec -> TensorSpec.layer(spec.name())));
  }

  /**
   * Adds the layers that a device shares, each of them whole; devices must ascend.
   *
   * @param weight of the device in a layer's mean, −1 for what lies outside of layers; with 0 it
   *     does not count
   * @throws IllegalArgumentException if a variable is unknown, has another shape, or stands without
   *     the others of its layer
   */
  public void add(NodeId from, TensorMap shared, IntToDoubleFunction weight) {
    var groups =
        shared.specs().stream().collect(Collectors.groupingBy(s -> TensorSpec.layer(s.name())));
    groups.forEach((layer, sent) -> {
      if (!sent.equals(layers.get(layer))) {
        throw new IllegalArgumentException(
            "layer "
                + layer
                + " of "
                + from
                + ": "
                + sent
                + " (expected: "
                + layers.get(layer)
                + ")");
      }
      if (weight.applyAsDouble(layer) != 0) {
        try (var part = shared.select(name -> TensorSpec.layer(name) == layer)) {
          folds
              .computeIfAbsent(layer, l -> new TreeMean().start(TensorMap.empty()))
              .add(from, part, weight.applyAsDouble(layer));
        }
      }
    });
  }

  /** The means, zero for a layer that nobody shared. */
  public TensorMap finish() {
    var all = new LinkedHashMap<String, Tensor>();
    specs.forEach(spec -> all.put(spec.name(), Tensor.zeros(spec.dims())));
    for (var fold : folds.values()) {
      var mean = fold.finish();
      mean.specs().forEach(spec -> all.put(spec.name(), mean.get(spec.name())));
    }
    return TensorMap.of(all);
  }
}
