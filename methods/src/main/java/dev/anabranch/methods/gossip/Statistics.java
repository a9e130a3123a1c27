package dev.anabranch.methods.gossip;

import dev.anabranch.core.Device;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Running statistics after a merge. The mean of several networks' statistics is not what the merged
 * network sees, so each agent measures them anew on its own data; their second moments are then
 * averaged, which gives the statistics over the data of all.
 */
final class Statistics {
  private static final String MEAN = ".running_mean";
  private static final String VARIANCE = ".running_var";

  private Statistics() {}

  /** The variables with statistics of the merged network; the same if the model has none. */
  static TensorMap measured(Device me, TensorMap merged, List<NodeId> agents, int batch) {
    var pairs = new LinkedHashMap<String, String>();
    for (var spec : merged.specs()) {
      if (spec.name().endsWith(MEAN)) {
        pairs.put(spec.name(), spec.name().replace(MEAN, VARIANCE));
      }
    }
    if (pairs.isEmpty()) {
      return merged;
    }
    var batches = me.data().inOrder(me.data().rows(), batch);
    var measured =
        me.lane()
            .run(
                "calibration",
                () -> {
                  me.model().trainable().load(merged);
                  me.model().recalibrate(batches);
                  var copy = me.model().trainable().copy();
                  me.release();
                  return copy;
                });
    var own = measured.select(name -> pairs.containsKey(name) || pairs.containsValue(name));
    pairs.forEach((mean, variance) -> addSquare(own.get(mean), own.get(variance), 1));
    var all = Exchange.allReduce(me, own, agents);
    pairs.forEach((mean, variance) -> addSquare(all.get(mean), all.get(variance), -1));
    var out = new LinkedHashMap<String, Tensor>();
    for (var spec : measured.specs()) {
      out.put(spec.name(), (all.has(spec.name()) ? all : measured).get(spec.name()));
    }
    return TensorMap.of(out);
  }

  /** {@code variance + sign · mean²}, in place: from variances to second moments and back. */
  private static void addSquare(Tensor mean, Tensor variance, int sign) {
    for (long i = 0; i < variance.elements(); i++) {
      double m = mean.get(i);
      double v = variance.get(i) + sign * m * m;
      variance.data().setAtIndex(Tensor.FLOAT, i, (float) Math.max(0, v));
    }
  }
}
