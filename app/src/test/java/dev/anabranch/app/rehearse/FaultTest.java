package dev.anabranch.app.rehearse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.time.Duration;
import java.util.Comparator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaultTest {
  private static void refused(Runnable what, String text) {
    assertThatThrownBy(what::run)
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.USAGE))
        .hasMessage(text);
  }

  @Test
  void forms() {
    assertThat(Fault.parse("kill-coordinator@2"))
        .isEqualTo(
            new Fault(
                "kill-coordinator@2",
                Fault.Kind.KILL,
                "coordinator",
                2,
                Duration.ZERO,
                Duration.ZERO));
    assertThat(Fault.parse("kill-device-12@1").player()).isEqualTo("device-12");
    assertThat(Fault.parse("stop-body@3:60s").lasting()).isEqualTo(Duration.ofSeconds(60));
    assertThat(Fault.parse("cut-link-2@3+350ms:20s"))
        .isEqualTo(
            new Fault(
                "cut-link-2@3+350ms:20s",
                Fault.Kind.CUT,
                "device-2",
                3,
                Duration.ofMillis(350),
                Duration.ofSeconds(20)));
    assertThat(Fault.parse("cut-body@1:5s").player()).isEqualTo("body");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "kill",
        "kill-devcie-1@1",
        "kill-device-0@1",
        "kill-device-1",
        "kill-device-1@0",
        "cut-coordinator@1:5s",
        "cut-device-1@1:5s",
        "kill-link-1@1",
        "kill-body@1+0ms",
        "kill-body@1+5s",
        "stop-device-1@1:5",
        "kill-body@1 "
      })
  void otherForms_areRefused(String text) {
    refused(
        () -> Fault.parse(text),
        "--fault: "
            + (text.isEmpty() ? "''" : text)
            + " (expected: kill-coordinator@ROUND, kill-body@ROUND or kill-device-K@ROUND;"
            + " stop-coordinator@ROUND:SECONDSs and so on; cut-link-K@ROUND:SECONDSs or"
            + " cut-body@ROUND:SECONDSs; ROUND+MILLISms: so long after the round has begun)");
  }

  @Test
  void durations_belongToWhatLasts() {
    refused(
        () -> Fault.parse("kill-body@1:5s"),
        "--fault: kill-body@1:5s (expected: no duration: what is killed is started again at once)");
    refused(
        () -> Fault.parse("stop-device-2@1"),
        "--fault: stop-device-2@1 (expected: a duration, as stop-device-2@1:60s)");
    refused(
        () -> Fault.parse("cut-link-1@1+20ms"),
        "--fault: cut-link-1@1+20ms (expected: a duration, as cut-link-1@1+20ms:60s)");
  }

  @Test
  void whatCannotStrike_isRefused() {
    refused(
        () -> Fault.parse("kill-device-4@1").require(3, 5, true),
        "--fault: kill-device-4@1 (expected: a device from 1 to 3)");
    refused(
        () -> Fault.parse("kill-body@1").require(3, 5, false),
        "--fault: kill-body@1 (expected: another process: this method needs no body)");
    refused(
        () -> Fault.parse("kill-coordinator@6").require(3, 5, true),
        "--fault: kill-coordinator@6 (expected: a round from 1 to 5)");
    Fault.parse("kill-coordinator@6").require(3, 0, true); // nobody knows how many rounds there are
  }

  @Property(tries = 200)
  void drawnFaults_areSuchThatCanStrike(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 6) int devices,
      @ForAll @IntRange(min = 1, max = 40) int rounds,
      @ForAll boolean body) {
    var drawn = Chaos.draw(seed, 30, devices, rounds, body);
    assertThat(drawn).hasSize(30).isSortedAccordingTo(Comparator.comparingInt(Fault::round));
    drawn.forEach(fault -> fault.require(devices, rounds, body));
    assertThat(Chaos.draw(seed, 30, devices, rounds, body)).isEqualTo(drawn);
  }
}
