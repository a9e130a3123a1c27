package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SeedsTest {
  @Test
  void sameKeySameStream() {
    assertThat(Seeds.stream(42, NodeId.device(3), 1, "batches").nextLong())
        .isEqualTo(Seeds.stream(42, NodeId.device(3), 1, "batches").nextLong());
  }

  /** Runs, nodes, rounds and uses that look alike have seeds of their own. */
  @Test
  void otherKeysOtherSeeds() {
    var seen = new HashSet<Long>();
    int n = 0;
    for (long run = 0; run < 10; run++) {
      for (int device = 0; device < 30; device++) {
        for (int round = 0; round < 30; round++) {
          for (var use : new String[] {"", "cohort", "batches"}) {
            seen.add(Seeds.seed(run, NodeId.device(device), round, use));
            n++;
          }
        }
      }
    }
    assertThat(seen).hasSize(n);
    assertThat(Seeds.seed(1, "ab", "c")).isNotEqualTo(Seeds.seed(1, "a", "bc"));
    assertThat(Seeds.seed(1, "a")).isNotEqualTo(Seeds.seed(1, "a", ""));
  }

  @Test
  void shuffleKeepsEveryValueAndTreatsPositionsAlike() {
    int[][] seen = new int[4][4];
    var random = Seeds.stream(1);
    for (int i = 0; i < 24_000; i++) {
      int[] values = {0, 1, 2, 3};
      Seeds.shuffle(values, random);
      assertThat(IntStream.of(values).map(v -> 1 << v).sum()).isEqualTo(15);
      for (int at = 0; at < 4; at++) {
        seen[values[at]][at]++;
      }
    }
    for (var row : seen) {
      for (int count : row) {
        assertThat(count).isBetween(5700, 6300); // 6000 expected, standard deviation 67
      }
    }
  }
}
