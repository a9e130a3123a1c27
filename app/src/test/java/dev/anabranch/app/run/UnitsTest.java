package dev.anabranch.app.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnitsTest {
  @Test
  void trafficIsInPowersOfTenAndMemoryInPowersOfTwo() {
    assertThat(Units.traffic(999)).isEqualTo("999 B");
    assertThat(Units.traffic(1_500_000)).isEqualTo("1.5 MB");
    assertThat(Units.memory(1 << 20)).isEqualTo("1.0 MiB");
    assertThat(Units.memory(4L << 30)).isEqualTo("4.0 GiB");
  }

  @Test
  void otherUnits() {
    assertThat(Units.macs(0)).isEqualTo("0 MAC");
    assertThat(Units.macs(2.5e12)).isEqualTo("2.5 TMAC");
    assertThat(Units.seconds(4.06)).isEqualTo("4.1 s");
    assertThat(Units.seconds(200)).isEqualTo("3 min 20 s");
    assertThat(Units.seconds(7500)).isEqualTo("2 h 5 min");
    assertThat(Units.share(0.1234)).isEqualTo("12.3 %");
  }
}
