package dev.anabranch.methods.droppeft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.VisitCost;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The bandit that chooses dropout rates. */
final class ConfiguratorTest {
  private static final List<Integer> DEPTHS = List.of(12, 9, 6, 3);
  private static final Configurator.Policy POLICY =
      new Configurator.Policy(0.2, 0.98, 0.05, 0.3, 0);

  private static Configurator bandit(Configurator.Policy policy) {
    return new Configurator(policy, DEPTHS, new TreeMap<>());
  }

  private static DeviceProfile device(String name, long memory) {
    return new DeviceProfile(name, 1, memory, 1, 1, 0, "made up");
  }

  private static VisitCost cost(int depth) {
    return new VisitCost(depth, depth, 0, 100 + 10L * depth);
  }

  private static Set<Integer> choices(Configurator bandit, DeviceProfile kind, int round) {
    var out = new HashSet<Integer>();
    for (int i = 0; i < 200; i++) {
      out.add(bandit.choose(kind, round, Seeds.stream(i, "choice")));
    }
    return out;
  }

  @Test
  void nothingIsKnownSoTheLeanestArmIsTried() {
    assertThat(choices(bandit(POLICY), device("a", Long.MAX_VALUE), 0)).containsExactly(3);
  }

  @Test
  void armsThatDoNotFitAreMasked() {
    var bandit = bandit(POLICY);
    var small = device("small", 195);
    bandit.learn(NodeId.device(0), small, 3, 1, cost(3)); // 130 bytes at depth 3
    assertThat(bandit.peak(6)).isEqualTo(260); // no more than twice as much
    assertThat(choices(bandit, small, 1)).containsExactly(3);
    bandit.learn(NodeId.device(1), device("large", 1000), 2, 1, cost(6));
    assertThat(bandit.peak(9)).isCloseTo(190, within(1e-9)); // on a line with 130 and 160
    assertThat(bandit.peak(12)).isCloseTo(220, within(1e-9));
    assertThat(choices(bandit, small, 1)).isSubsetOf(1, 2, 3).doesNotContain(0);
  }

  @Test
  void armsBeyondTheDeadlineAreMasked() {
    var bandit = bandit(new Configurator.Policy(0.2, 0.98, 0.05, 0.3, 8));
    var kind = device("a", Long.MAX_VALUE);
    for (int arm : new int[] {3, 2, 1}) {
      bandit.learn(NodeId.device(0), kind, arm, 1, cost(DEPTHS.get(arm)));
    }
    assertThat(choices(bandit, kind, 1)).isSubsetOf(2, 3); // 9 seconds were too many
    assertThat(choices(bandit, device("b", Long.MAX_VALUE), 1)).contains(0, 1);
  }

  @Test
  void theBestArmOfAClassIsFound() {
    var bandit = bandit(new Configurator.Policy(0.2, 0.9, 0.0, 0.3, 0));
    var gpu = device("gpu", Long.MAX_VALUE);
    var phone = device("phone", Long.MAX_VALUE);
    var random = Seeds.stream(5);
    int[] best = {0, 0};
    for (int round = 0; round < 300; round++) {
      for (int k = 0; k < 2; k++) {
        var kind = k == 0 ? gpu : phone;
        int arm = bandit.choose(kind, round, random);
        // per second, depth 9 gains most on one class and depth 3 on the other
        double rate = 1 - Math.abs(DEPTHS.get(arm) - (k == 0 ? 9 : 3)) / 10.0;
        double gain = (rate + 0.05 * random.nextGaussian()) * DEPTHS.get(arm);
        bandit.learn(NodeId.device(k), kind, arm, gain, cost(DEPTHS.get(arm)));
        best[k] += round >= 200 && arm == (k == 0 ? 1 : 3) ? 1 : 0;
      }
    }
    assertThat(best[0]).isGreaterThan(80);
    assertThat(best[1]).isGreaterThan(80);
  }

  @Test
  void whatIsUsualForADeviceDoesNotCount() {
    var bandit = bandit(POLICY);
    var kind = device("a", Long.MAX_VALUE);
    for (int i = 0; i < 60; i++) { // the hard device always gets the better arm
      bandit.learn(NodeId.device(0), kind, 2, 1.1 * 6, cost(6));
      bandit.learn(NodeId.device(1), kind, 3, 9.0 * 3, cost(3));
    }
    assertThat(Math.abs(bandit.known().getOrDefault("mean/a/2", 9.0))).isLessThan(0.1);
    assertThat(Math.abs(bandit.known().getOrDefault("mean/a/3", 9.0))).isLessThan(0.1);
  }
}
