package dev.anabranch.app.rehearse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.time.Duration;
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
                "kill-coordinator@2", Fault.Kind.KILL, "coordinator", 2, Duration.ZERO));
    assertThat(Fault.parse("kill-device-12@1").player()).isEqualTo("device-12");
    assertThat(Fault.parse("stop-body@3:60s").lasting()).isEqualTo(Duration.ofSeconds(60));
    assertThat(Fault.parse("cut-link-2@3:20s"))
        .isEqualTo(
            new Fault(
                "cut-link-2@3:20s", Fault.Kind.CUT, "device-2", 3, Duration.ofSeconds(20)));
    assertThat(Fault.parse("cut-body@1:5s").player()).isEqualTo("body");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "kill", "kill-devcie-1@1", "kill-device-0@1", "kill-device-1", "kill-device-1@0",
        "cut-coordinator@1:5s", "cut-link-1@1", "stop-device-1@1:5", "kill-body@1 "
      })
  void otherForms_areRefused(String text) {
    refused(
        () -> Fault.parse(text),
        "--fault: "
            + text
            + " (expected: kill-coordinator@ROUND, kill-body@ROUND or kill-device-K@ROUND;"
            + " stop-coordinator@ROUND:SECONDSs and so on; cut-link-K@ROUND:SECONDSs or"
            + " cut-body@ROUND:SECONDSs)");
  }

  @Test
  void durations_belongToWhatLasts() {
    refused(
        () -> Fault.parse("kill-body@1:5s"),
        "--fault: kill-body@1:5s (expected: no duration: what is killed is started again at once)");
    refused(
        () -> Fault.parse("stop-device-2@1"),
        "--fault: stop-device-2@1 (expected: a duration, as stop-device-2@1:60s)");
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
}
