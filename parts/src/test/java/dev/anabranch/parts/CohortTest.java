package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Roster;
import dev.anabranch.core.Seeds;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CohortTest {
  private static Roster roster(int n) {
    var devices = IntStream.range(0, n).mapToObj(NodeId::device).toList();
    return () -> devices;
  }

  @Test
  void drawsWithoutReplacementInOrderOfIndex() {
    var random = Seeds.stream(1);
    for (int size = 1; size <= 20; size++) {
      var cohort = new UniformCohort(size).choose(roster(20), 0, random);
      assertThat(cohort).hasSize(size).doesNotHaveDuplicates().isSorted();
      assertThat(roster(20).devices()).containsAll(cohort);
    }
  }

  @Test
  void drawsEveryDeviceEquallyOften() {
    var random = Seeds.stream(2);
    int[] seen = new int[10];
    for (int round = 0; round < 10_000; round++) {
      for (var device : new UniformCohort(3).choose(roster(10), round, random)) {
        seen[device.index()]++;
      }
    }
    for (int count : seen) {
      assertThat(count).isBetween(2800, 3200); // 3000 expected, standard deviation 46
    }
  }

  @Test
  void sameStreamSameCohort() {
    var policy = new UniformCohort(8);
    assertThat(policy.choose(roster(50), 3, Seeds.stream(42, "cohort", 3)))
        .isEqualTo(policy.choose(roster(50), 3, Seeds.stream(42, "cohort", 3)));
  }

  @Test
  void namesACohortThatIsTooLarge() {
    assertThatThrownBy(() -> new UniformCohort(60).choose(roster(50), 0, Seeds.stream(1)))
        .isInstanceOf(AnabranchException.class)
        .hasMessage("cohort: 60 (expected: at most 50 devices)");
    assertThatThrownBy(() -> new UniformCohort(2).choose(roster(1), 0, Seeds.stream(1)))
        .hasMessage("cohort: 2 (expected: at most 1 device)");
    assertThatThrownBy(() -> new UniformCohort(0)).hasMessage("cohort: 0 (expected: at least 1)");
  }

  @Test
  void allDevicesAreAllOfThemInOrder() {
    Roster unsorted = () -> List.of(NodeId.device(2), NodeId.device(0));
    assertThat(new AllDevices().choose(unsorted, 0, Seeds.stream(1)))
        .containsExactly(NodeId.device(0), NodeId.device(2));
  }
}
