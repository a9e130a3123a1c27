package dev.anabranch.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class RowTest {
  @Test
  void survivesTheWayFromAProcessToTheTable() {
    var row = Row.atMost("visit", "2 ms", 2, 1, "1 ms");
    assertThat(Row.read(List.of("noise", row.line()))).containsExactly(row);
    assertThat(row.markdown("b")).isEqualTo("| b | visit | 2 ms | at most 1 ms | not met |");
  }
}
