package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Outcome;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyJob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Limits of Caesar in which it is something else, and its bytes to the byte. */
final class CaesarTest {
  /** All weights of the toy model. */
  private static final long D = 5 * 6 + 6 + 4 * (2 * 36 + 6) + 3 * 6 + 3;

  private static final Map<String, Object> PLAIN =
      Map.of("steps", 0, "download", "none", "upload", "none", "batches", "fixed");

  private static Outcome run(String method, Map<String, ?> settings, UnaryOperator<ToyJob> change) {
    var all = new LinkedHashMap<String, Object>();
    all.putAll(Map.of("rounds", 4, "cohort", 4, "examples", 8, "batch", 2));
    all.putAll(settings);
    return Plans.run(Plans.method(method, all), 2, change);
  }

  private static Map<String, Object> with(Map<String, Object> base, Object... more) {
    var all = new LinkedHashMap<String, Object>(base);
    for (int i = 0; i < more.length; i += 2) {
      all.put((String) more[i], more[i + 1]);
    }
    return all;
  }

  private static List<MemoryLog.Line> wires(Map<String, ?> settings, String topic) {
    var log = new MemoryLog();
    run("caesar", settings, job -> job.withLog(log));
    return log.of("wire").stream().filter(l -> topic.equals(l.fields().get("topic"))).toList();
  }

  private static double number(MemoryLog.Line line, String field) {
    return ((Number) Objects.requireNonNull(line.fields().get(field), field)).doubleValue();
  }

  @Test
  void withoutCompressionItIsFederatedAveragingToTheBit() {
    var none = run("caesar", PLAIN, UnaryOperator.identity());
    var fedAvg = run("fedavg", Map.of(), UnaryOperator.identity());
    assertThat(none.trained().sha256()).isEqualTo(fedAvg.trained().sha256());
    assertThat(none.last()).isEqualTo(fedAvg.last());
    assertThat(none.totals().macs()).isEqualTo(fedAvg.totals().macs());
    long visits = 4 * 4;
    assertThat(none.totals().down()).isEqualTo(fedAvg.totals().down() + visits * 8);
    assertThat(none.totals().up()).isEqualTo(fedAvg.totals().up() + visits * (3 + 1) * 4);
  }

  @Test
  void aLargestRatioOfZeroIsNoCompression() {
    var zero =
        run(
            "caesar",
            with(
                PLAIN,
                "download",
                "staleness",
                "downloadRatio",
                0,
                "upload",
                "importance",
                "uploadRatioMin",
                0,
                "uploadRatioMax",
                0),
            UnaryOperator.identity());
    var none = run("caesar", PLAIN, UnaryOperator.identity());
    assertThat(zero.trained().sha256()).isEqualTo(none.trained().sha256());
    assertThat(zero.totals().total()).isEqualTo(none.totals().total());
  }

  @Test
  void theModelGoesDownAtTheRatioOfItsStaleness() {
    var settings = with(PLAIN, "rounds", 8, "cohort", 3, "download", "staleness", "buckets", 0);
    var last = new TreeMap<String, Integer>();
    for (var line : wires(settings, "global")) {
      var device = String.valueOf(line.fields().get("to"));
      int t = line.round() + 1;
      double away = t - last.getOrDefault(device, 0);
      long k = (long) Math.floor((1 - away / t) * 0.6 * D + 1e-9);
      long expected = k == 0 ? 4 * D : 4 * (D - k) + (D + 7) / 8 + (k + 7) / 8 + 8;
      assertThat(number(line, "payload"))
          .as(device + " in round " + t)
          .isEqualTo((double) expected);
      last.put(device, t);
    }
    assertThat(last).hasSizeGreaterThan(3);
  }

  @Test
  void updatesComeUpAtTheRatioOfTheirRank() {
    var settings = with(PLAIN, "cohort", 6, "rounds", 3, "upload", "importance");
    var byRound = new TreeMap<Integer, java.util.TreeSet<Double>>();
    for (var line : wires(settings, "update")) {
      byRound
          .computeIfAbsent(line.round(), r -> new java.util.TreeSet<>())
          .add(number(line, "payload"));
    }
    assertThat(byRound.get(0)).containsExactly((double) up(0.35)); // nobody is known yet
    assertThat(byRound.get(1))
        .containsExactly(
            (double) up(0.6),
            (double) up(0.5),
            (double) up(0.4),
            (double) up(0.3),
            (double) up(0.2),
            (double) up(0.1));
    assertThat(byRound.get(2)).isEqualTo(byRound.get(1));
  }

  private static long up(double left) {
    long n = D - (long) Math.floor((float) left * D + 1e-9);
    return 4 * n + (D + 7) / 8 + 4 * (3 + 1);
  }

  @Test
  void fewDistinctEncodingsServeManyDevices() {
    var settings = with(PLAIN, "rounds", 8, "cohort", 5, "download", "staleness", "buckets", 2);
    assertThat(wires(settings, "global").stream().map(l -> number(l, "payload")).distinct())
        .hasSizeLessThanOrEqualTo(2);
  }

  @Test
  void aBalancedRoundHasLessIdleTime() {
    Map<String, Object> all = Map.of("rounds", 6, "cohort", 6, "batch", 16, "batchMin", 1);
    double fixed = idle(with(all, "batches", "fixed"));
    double balanced = idle(all);
    assertThat(balanced).isLessThan(0.6 * fixed);
  }

  private static double idle(Map<String, Object> settings) {
    var log = new MemoryLog();
    run("caesar", settings, job -> job.withLog(log));
    return log.of("metric").stream()
        .filter(line -> "idleSeconds".equals(line.fields().get("name")) && line.round() > 0)
        .mapToDouble(line -> number(line, "value"))
        .sum();
  }

  @ParameterizedTest
  @CsvSource({
    "recovery, sign",
    "recovery, copy",
    "recovery, zero",
    "feedback, 0.5",
    "weight, work",
    "scaleLearningRate, true",
    "important, rare",
    "lambda, 0.0",
    "stalenessWindow, 1",
    "batches, fixed",
    "download, fixed",
    "upload, fixed",
    "parameterisation, bias"
  })
  void everyOptionChangesTheResult(String key, String value) {
    Object parsed =
        value.equals("true") ? (Object) true : key.equals("stalenessWindow") ? (Object) 1 : value;
    if (key.equals("feedback") || key.equals("lambda")) {
      parsed = Double.valueOf(value);
    }
    Map<String, Object> base = Map.of("rounds", 6, "steps", 4, "examples", 0, "learningRate", 0.01);
    assertThat(run("caesar", with(base, key, parsed), UnaryOperator.identity()).trained().sha256())
        .isNotEqualTo(run("caesar", base, UnaryOperator.identity()).trained().sha256());
  }

  @Test
  void badSettingsAreNamed() {
    assertThatThrownBy(() -> run("caesar", Map.of("steps", 0), UnaryOperator.identity()))
        .hasMessage(
            "method.caesar.steps: 0 (expected: at least 1 with batches: balance, for all devices"
                + " make as many steps then)");
    assertThatThrownBy(() -> run("caesar", Map.of("uploadRatioMax", 0.05), u -> u))
        .hasMessage(
            "method.caesar.uploadRatioMax: 0.05 (expected: at least 0.1, the uploadRatioMin)");
    assertThatThrownBy(() -> run("caesar", Map.of("batchMax", 4), u -> u))
        .hasMessage("method.caesar.batchMax: 4.0 (expected: at least 8.0, the batchMin)");
    assertThatThrownBy(() -> run("caesar", Map.of("downloadRatio", 1), u -> u))
        .hasMessage("method.caesar.downloadRatio: 1.0 (expected: 0.0 to 0.9999)");
  }
}
