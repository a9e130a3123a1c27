package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LongTailSplitTest {
  /** The published sizes of CIFAR-10-LT. */
  @Test
  void counts_areThoseOfTheLongTailedCifar10() {
    assertThat(LongTailSplit.counts(5000, 10, 0.01))
        .containsExactly(5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50);
    assertThat(Arrays.stream(LongTailSplit.counts(5000, 10, 0.1)).sum()).isEqualTo(20_431);
  }

  @Test
  void counts_keepAtLeastOne() {
    assertThat(LongTailSplit.counts(10, 3, 1e-6)).containsExactly(10, 1, 1);
    assertThat(LongTailSplit.counts(10, 1, 0.5)).containsExactly(10);
  }
}
