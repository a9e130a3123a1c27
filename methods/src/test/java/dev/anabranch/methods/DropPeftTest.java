package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Outcome;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.testkit.MemoryLog;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits of DropPEFT in which it is something else, and what it saves. */
final class DropPeftTest {
  private static final Map<String, Object> LORA = Map.of("lora", Map.of("r", 2));

  private static Outcome run(String method, Map<String, ?> settings) {
    return run(method, settings, 2, UnaryOperator.identity());
  }

  private static Outcome run(
      String method,
      Map<String, ?> settings,
      int lanes,
      UnaryOperator<dev.anabranch.testkit.ToyJob> change) {
    var all = new LinkedHashMap<String, Object>();
    all.putAll(
        Map.of("rounds", 4, "cohort", 4, "examples", 8, "batch", 2, "parameterisation", LORA));
    all.putAll(settings);
    return Plans.run(Plans.method(method, all), lanes, change);
  }

  private static Map<String, ?> one(double rate, Object... more) {
    var all = new LinkedHashMap<String, Object>();
    all.put("rates", List.of(String.valueOf(rate)));
    all.put("shapes", List.of("uniform"));
    for (int i = 0; i < more.length; i += 2) {
      all.put((String) more[i], more[i + 1]);
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(strings = {"fixed-size", "bernoulli"})
  void withoutDropoutAndWithAllShared_itIsFederatedAveragingOfLoraToTheBit(String sampling) {
    var none = run("droppeft", one(0, "share", "all", "sampling", sampling));
    var fedAvg = run("fedavg", Map.of("learningRate", 3e-4));
    assertThat(none.trained().sha256()).isEqualTo(fedAvg.trained().sha256());
    assertThat(none.totals().macs()).isEqualTo(fedAvg.totals().macs());
    assertThat(none.last()).isEqualTo(fedAvg.last());
  }

  @Test
  void withEveryLayerPassedBy_onlyTheClassifierLearns() {
    var all = run("droppeft", one(1, "share", "all"));
    var start = run("droppeft", one(1, "share", "all", "learningRate", 0));
    for (var spec : all.trained().specs()) {
      boolean same =
          java.util.Arrays.equals(
              all.trained().get(spec.name()).toArray(), start.trained().get(spec.name()).toArray());
      assertThat(same).as(spec.name()).isEqualTo(TensorSpec.layer(spec.name()) >= 0);
    }
  }

  @Test
  void executedMacsFollowTheShareOfActiveLayers() {
    long none = layerMacs(1);
    double whole = layerMacs(0) - none;
    assertThat((layerMacs(0.25) - none) / whole).isCloseTo(0.75, within(1e-9));
    assertThat((layerMacs(0.5) - none) / whole).isCloseTo(0.5, within(1e-9));
    assertThat((layerMacs(0.75) - none) / whole).isCloseTo(0.25, within(1e-9));
  }

  private static long layerMacs(double rate) {
    return run("droppeft", one(rate)).totals().macs().values().stream().mapToLong(m -> m).sum();
  }

  @Test
  void virtualTimeAndPeakFallWithTheRate() {
    var slow = run("droppeft", one(0));
    var fast = run("droppeft", one(0.75));
    assertThat(fast.virtualSeconds()).isLessThan(slow.virtualSeconds());
    assertThat(fast.totals().peak(dev.anabranch.core.NodeId.Role.DEVICE))
        .isLessThan(slow.totals().peak(dev.anabranch.core.NodeId.Role.DEVICE));
  }

  private static Number number(MemoryLog.Line line, String field) {
    return (Number) Objects.requireNonNull(line.fields().get(field), field);
  }

  @Test
  void aDeviceGetsWhatItSharesAndKeepsTheRest() {
    long classifier = 4 * (3 * 6 + 3);
    long layer = 4 * (2 * 2 * 6);
    var log = new MemoryLog();
    run("droppeft", one(0.5), 2, job -> job.withLog(log));
    var first = new java.util.HashSet<String>();
    for (var line : log.of("wire")) {
      long payload = number(line, "payload").longValue();
      if ("update".equals(line.fields().get("topic"))) {
        assertThat(payload).isEqualTo(classifier + 2 * layer + 4 * 4 + 4);
      } else if ("global".equals(line.fields().get("topic"))) {
        boolean met = !first.add(String.valueOf(line.fields().get("to")));
        assertThat(payload).isEqualTo(classifier + (met ? 2 : 4) * layer);
      } else {
        assertThat(payload).isEqualTo(4 * 4);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"least-important", "most-important", "lowest-index", "all"})
  void everySelectorRunsAndDiffers(String share) {
    var outcome = run("droppeft", one(0.5, "share", share));
    assertThat(outcome.trained().isFinite()).isTrue();
    for (var other : List.of("least-important", "most-important", "lowest-index", "all")) {
      assertThat(
              run("droppeft", one(0.5, "share", other))
                  .trained()
                  .sha256()
                  .equals(outcome.trained().sha256()))
          .isEqualTo(other.equals(share));
    }
  }

  @Test
  void aBanditLearnsWithinTheRun() {
    var log = new MemoryLog();
    run(
        "droppeft",
        Map.of("rounds", 12, "rates", List.of("0.25", "0.5", "0.75"), "probe", 4, "epsilon", 0),
        2,
        job -> job.withLog(log));
    var depths =
        log.of("metric").stream()
            .filter(line -> "activeLayers".equals(line.fields().get("name")))
            .map(line -> number(line, "value").doubleValue())
            .toList();
    assertThat(depths).hasSize(12);
    assertThat(depths.getFirst()).isEqualTo(1); // the leanest arm before memory was measured
    assertThat(depths.stream().distinct().count()).isGreaterThan(2);
  }

  @Test
  void badSettingsAreNamed() {
    assertThatThrownBy(() -> run("droppeft", Map.of("rates", List.of("1.2"))))
        .hasMessage("method.droppeft.rates: 1.2 (expected: numbers from 0 to 1)");
    assertThatThrownBy(() -> run("droppeft", Map.of("rates", List.of("half"))))
        .hasMessage("method.droppeft.rates: half (expected: numbers from 0 to 1)");
    assertThatThrownBy(() -> run("droppeft", Map.of("shapes", List.of("bell"))))
        .hasMessage(
            "method.droppeft.shapes: bell (expected: of uniform, incremental, decay, normal)");
    assertThatThrownBy(() -> run("droppeft", Map.of("rates", List.of())))
        .hasMessage("method.droppeft.rates: [] (expected: at least one rate)");
    assertThatThrownBy(() -> run("droppeft", Map.of("parameterisation", "everything")))
        .hasMessageStartingWith("method.droppeft.parameterisation: everything (expected: ");
    assertThatThrownBy(() -> run("droppeft", one(0.5, "sharedLayers", 9)))
        .hasMessage("sharedLayers: 9 (expected: at most 4, the layers of toy)");
  }
}
