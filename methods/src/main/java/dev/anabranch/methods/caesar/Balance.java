package dev.anabranch.methods.caesar;

import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.VisitCost;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Batch sizes with which all devices of a round end at about the same time: the fastest takes the
 * largest, the others what they can do in that time.
 *
 * <p>Seconds of an example, μ, are means of what visits took. A device that is new is judged by
 * what an example took elsewhere and by the speed that it states; in the very first round all take
 * the standard size.
 *
 * @param balances whether to; if not, all take the standard size
 */
record Balance(boolean balances, int standard, int min, int max) {
  private static final String WORK = "work";

  /**
   * b_i = ⌊(T* − comm_i) / (τ μ_i)⌋ within [b_min, b_max], T* the time of the fastest with b_max.
   *
   * @param transfers seconds that each device will send and receive
   * @param steps τ
   */
  Map<NodeId, Integer> batches(
      SortedMap<String, Double> notes,
      Map<NodeId, Double> transfers,
      Function<NodeId, DeviceProfile> profiles,
      int steps) {
    var out = new TreeMap<NodeId, Integer>();
    transfers.keySet().forEach(device -> out.put(device, standard));
    if (!balances || !notes.containsKey(WORK)) {
      return out;
    }
    double fastest = Double.POSITIVE_INFINITY;
    for (var device : transfers.entrySet()) {
      double pace = steps * pace(notes, device.getKey(), profiles.apply(device.getKey()));
      fastest = Math.min(fastest, device.getValue() + pace * max);
    }
    for (var device : transfers.entrySet()) {
      double pace = steps * pace(notes, device.getKey(), profiles.apply(device.getKey()));
      double fits = Math.floor((fastest - device.getValue()) / pace + 1e-9);
      out.put(device.getKey(), (int) Math.clamp(fits, min, max));
    }
    return out;
  }

  /** μ: seconds of an example. */
  private static double pace(
      SortedMap<String, Double> notes, NodeId device, DeviceProfile profile) {
    double elsewhere = notes.getOrDefault(WORK, 0.0) / profile.macsPerSecond();
    return Math.max(1e-12, notes.getOrDefault("pace/" + device, elsewhere));
  }

  /** Notes what a visit took, as means in which the last one counts half. */
  static void note(
      SortedMap<String, Double> notes,
      NodeId device,
      DeviceProfile profile,
      VisitCost cost,
      long examples) {
    double pace = cost.computeSeconds() / Math.max(1, examples);
    notes.merge("pace/" + device, pace, (old, now) -> (old + now) / 2);
    notes.merge(WORK, pace * profile.macsPerSecond(), (old, now) -> (old + now) / 2);
  }
}
