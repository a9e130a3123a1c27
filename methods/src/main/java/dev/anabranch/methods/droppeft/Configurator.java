package dev.anabranch.methods.droppeft;

import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.VisitCost;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * The online configurator: a bandit with one arm for each way of dropping layers and one table for
 * each class of device. The reward of a visit is the loss that it took off the device's held-back
 * examples, per second, less what is usual for the device. Arms that would not fit a device's
 * memory, or its deadline, are masked.
 *
 * <p>Memory is not taken from a formula. The leanest arms go first; what others need is a line
 * through what visits were measured to need, and before there are two points the most that one
 * point allows. Belongs to the coordinator's program.
 *
 * @param policy the rule of choice
 * @param depths active layers of each arm
 * @param known all that was learned: {@code mean/CLASS/arm}, {@code seconds/CLASS/arm}, {@code
 *     usual/DEVICE}, {@code peak/depth}
 */
record Configurator(Policy policy, List<Integer> depths, SortedMap<String, Double> known) {
  /**
   * The rule of choice.
   *
   * @param epsilon share of choices at random, once there were as many rounds as arms
   * @param decay factor on it, a round
   * @param floor least of it
   * @param beta weight of a new reward in the discounted mean
   * @param deadline seconds that a visit may take; 0: any
   */
  record Policy(double epsilon, double decay, double floor, double beta, double deadline) {}

  private static final String ALL = "usual/";

  /** An arm for a device of a class. */
  int choose(DeviceProfile kind, int round, RandomGenerator random) {
    var fits = feasible(kind);
    var fresh = fits.stream().filter(a -> !known.containsKey(mean(kind, a))).toList();
    double epsilon = policy.epsilon * Math.pow(policy.decay, round - depths.size());
    boolean explore = random.nextDouble() < Math.max(policy.floor, epsilon);
    if (round < depths.size() || explore || fresh.size() == fits.size()) {
      return any(fresh.isEmpty() ? fits : fresh, random);
    }
    var tried = fits.stream().filter(a -> !fresh.contains(a)).toList();
    double best = tried.stream().mapToDouble(a -> reward(kind, a)).max().orElseThrow();
    return any(tried.stream().filter(a -> reward(kind, a) == best).toList(), random);
  }

  private static int any(List<Integer> arms, RandomGenerator random) {
    return arms.get(random.nextInt(arms.size()));
  }

  private double reward(DeviceProfile kind, int arm) {
    return known.getOrDefault(mean(kind, arm), 0.0);
  }

  private static String mean(DeviceProfile kind, int arm) {
    return "mean/" + kind.name() + "/" + arm;
  }

  private static String seconds(DeviceProfile kind, int arm) {
    return "seconds/" + kind.name() + "/" + arm;
  }

  private List<Integer> feasible(DeviceProfile kind) {
    int leanest = depths.stream().mapToInt(d -> d).min().orElseThrow();
    return IntStream.range(0, depths.size())
        .filter(a ->
            depths.get(a) == leanest
                || (peak(depths.get(a)) <= kind.memoryBytes() && inTime(kind, a)))
        .boxed()
        .toList();
  }

  /** Most native bytes of a visit with so many active layers; infinite before any was measured. */
  double peak(int depth) {
    var peaks = new TreeMap<Integer, Double>();
    known
        .subMap("peak/", "peak0")
        .forEach((key, bytes) -> peaks.put(Integer.valueOf(key.substring(5)), bytes));
    if (peaks.size() < 2) {
      return peaks.isEmpty()
          ? Double.POSITIVE_INFINITY
          : peaks.firstEntry().getValue() * Math.max(1, depth / (double) peaks.firstKey());
    }
    var low = peaks.floorEntry(depth);
    if (low == null || low.equals(peaks.lastEntry())) {
      low = low == null ? peaks.firstEntry() : peaks.lowerEntry(low.getKey());
    }
    Map.Entry<Integer, Double> high = peaks.higherEntry(low.getKey());
    double slope = (high.getValue() - low.getValue()) / (high.getKey() - low.getKey());
    return low.getValue() + slope * (depth - low.getKey());
  }

  private boolean inTime(DeviceProfile kind, int arm) {
    return policy.deadline == 0
        || IntStream.range(0, depths.size())
            .filter(a -> depths.get(a) <= depths.get(arm))
            .noneMatch(a -> known.getOrDefault(seconds(kind, a), 0.0) > policy.deadline);
  }

  /**
   * Learns from a visit.
   *
   * @param gain loss on held-back examples before the visit minus that after it
   */
  void learn(NodeId device, DeviceProfile kind, int arm, double gain, VisitCost cost) {
    if (cost.peakBytes() > 0) {
      known.merge("peak/" + depths.get(arm), (double) cost.peakBytes(), Math::max);
    }
    discount(seconds(kind, arm), cost.seconds());
    double reward = gain / Math.max(cost.seconds(), 1e-9);
    double usual = known.getOrDefault(ALL + device, known.getOrDefault(ALL, reward));
    discount(ALL, reward);
    discount(ALL + device, reward);
    discount(mean(kind, arm), reward - usual);
  }

  /** Q ← (1 − β) Q + β r. */
  private void discount(String key, double value) {
    known.merge(key, value, (before, now) -> (1 - policy.beta) * before + policy.beta * now);
  }
}
