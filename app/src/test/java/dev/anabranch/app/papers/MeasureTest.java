package dev.anabranch.app.papers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.app.report.RunRecord;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Measures on logs whose numbers a person can check. */
class MeasureTest {
  @TempDir Path folder;
  private int written;

  /** A log under construction; each round takes so long, sends so much, and scores so. */
  private final class Log {
    private final StringBuilder text = new StringBuilder();
    private final Path at = folder.resolve("run" + written++);
    private int round;
    private double clock;

    Log(int rounds) {
      line(
          "run",
          "\"name\":\"x\",\"method\":\"fedavg\",\"seed\":1,\"rounds\":%d,\"devices\":4,"
              + "\"cohort\":2,\"classes\":[]",
          rounds);
    }

    private void line(String kind, String fields, Object... values) {
      text.append("{\"kind\":\"").append(kind).append("\",\"round\":");
      text.append(kind.equals("run") ? -1 : round).append(',');
      text.append(String.format(Locale.ROOT, fields, values)).append("}\n");
    }

    Log round(double seconds, double compute, long bytes, long macs, double accuracy) {
      line("round", "\"cohort\":[0],\"virtualSeconds\":%f", clock);
      line(
          "wire",
          "\"from\":\"device 0\",\"to\":\"coordinator\",\"topic\":\"variables\","
              + "\"messages\":1,\"payload\":%d,\"framing\":0",
          bytes);
      line("compute", "\"node\":\"device 0\",\"work\":\"w\",\"macs\":%d,\"seconds\":1", macs);
      line("peak", "\"node\":\"device 0\",\"bytes\":%d", bytes);
      line(
          "visit",
          "\"device\":0,\"virtualStart\":%f,\"virtualEnd\":%f,\"computeSeconds\":%f,"
              + "\"transferSeconds\":0,\"waitSeconds\":0",
          clock,
          clock + seconds,
          compute);
      clock += seconds;
      if (!Double.isNaN(accuracy)) {
        line("metric", "\"name\":\"accuracy\",\"value\":%f", accuracy);
        line("metric", "\"name\":\"standardError\",\"value\":0.01");
        line("metric", "\"name\":\"loss\",\"value\":%f", 1 - accuracy);
      }
      round++;
      return this;
    }

    Log metric(String name, double value) {
      line("metric", "\"name\":\"%s\",\"value\":%f", name, value);
      return this;
    }

    RunRecord done(String plan) {
      try {
        line("end", "\"virtualSeconds\":%f,\"wallSeconds\":1,\"lost\":0", clock);
        Files.createDirectories(at);
        Files.writeString(at.resolve("log.jsonl"), text);
        Files.writeString(at.resolve("plan.yaml"), plan);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return RunRecord.read(at);
    }

    RunRecord done() {
      return done("name: x\n");
    }
  }

  private static Runs runs(String a, List<RunRecord> of, String b, List<RunRecord> from) {
    var map = new LinkedHashMap<String, List<RunRecord>>();
    map.put(a, of);
    map.put(b, from);
    return new Runs(map);
  }

  private static Measure measure(String name, Map<String, ?> settings) {
    var knob = new Knob.OneOf("measure", "difference", Measure.KINDS, "");
    return Settings.read("", List.of(knob), Map.of("measure", Map.of(name, settings)))
        .make(knob, Measure.class);
  }

  private RunRecord ended(double accuracy, long bytes) {
    return new Log(1).round(10, 4, bytes, 5, accuracy).done();
  }

  @Test
  void quotientsAreFormedSeedBySeed() {
    var both =
        runs(
            "a",
            List.of(ended(0.9, 10), ended(0.9, 30)),
            "b",
            List.of(ended(0.9, 40), ended(0.9, 40)));
    var settings = Map.of("of", "a", "from", "b", "figure", "bytes");
    var ratio = measure("ratio", settings).of(both);
    assertThat(ratio.value()).isEqualTo(0.5);
    assertThat(ratio.deviation()).isCloseTo(Math.sqrt(0.125), within(1e-12));
    assertThat(ratio.text()).isEqualTo("0.500 ± 0.354 (20 B ± 14 B against 40 B)");
    var saved = measure("share-saved", settings).of(both);
    assertThat(saved.value()).isEqualTo(0.5);
    assertThat(saved.text()).startsWith("50.0 % ± 35.4 % less (");
    var more = measure("share-saved", Map.of("of", "b", "from", "a", "figure", "visit-memory"));
    assertThat(more.of(runs("b", List.of(ended(0, 30)), "a", List.of(ended(0, 20)))).text())
        .isEqualTo("50.0 % more (30 B against 20 B)");
  }

  @Test
  void nothingIsSaidOfAFigureThatIsNotThere() {
    var both = runs("a", List.of(ended(0.9, 10)), "b", List.of(ended(0.9, 0)));
    assertThat(
            measure("ratio", Map.of("of", "a", "from", "b", "figure", "bytes")).of(both).judged())
        .isFalse();
    var metric = Map.of("metric", Map.of("name", "idleSeconds", "over", "sum"));
    var ratio = measure("ratio", Map.of("of", "a", "from", "b", "figure", metric)).of(both);
    assertThat(ratio.obstacle()).isEqualTo("a figure was not measured");
  }

  /** Hold-outs give 0.01 each, so two standard errors of the difference are 0.028. */
  @Test
  void aDifferenceWithinTwoStandardErrorsIsNone() {
    var difference = measure("difference", Map.of("of", "a", "from", "b"));
    var small = difference.of(runs("a", List.of(ended(0.92, 1)), "b", List.of(ended(0.90, 1))));
    assertThat(small.value()).isZero();
    assertThat(small.text())
        .isEqualTo("+0.020 (0.920 against 0.900); no difference: two standard errors are 0.028");
    var large = difference.of(runs("a", List.of(ended(0.87, 1)), "b", List.of(ended(0.90, 1))));
    assertThat(large.value()).isCloseTo(-0.03, within(1e-9));
    // Seeds that lie apart make the same difference none: 0.05/√2 is their standard error.
    var apart =
        difference.of(
            runs(
                "a",
                List.of(ended(0.82, 1), ended(0.92, 1)),
                "b",
                List.of(ended(0.90, 1), ended(0.90, 1))));
    assertThat(apart.value()).isZero();
    assertThat(apart.error())
        .isCloseTo(Math.sqrt(2e-4 + 0.0707106781 * 0.0707106781 / 2), within(1e-6));
  }

  @Test
  void oneSeedCannotJudgeADifferenceOfLosses() {
    var loss = measure("difference", Map.of("of", "a", "from", "b", "figure", "loss"));
    var one = loss.of(runs("a", List.of(ended(0.8, 1)), "b", List.of(ended(0.9, 1))));
    assertThat(one.judged()).isFalse();
    assertThat(one.obstacle())
        .isEqualTo(
            "+0.100 (0.200 against 0.100): one seed, and its error is not known; see --seeds");
    var two =
        loss.of(
            runs(
                "a",
                List.of(ended(0.8, 1), ended(0.8, 1)),
                "b",
                List.of(ended(0.9, 1), ended(0.9, 1))));
    assertThat(two.value()).isCloseTo(0.1, within(1e-9));
  }

  /** The reference has 0.8 after four of six rounds, at 40 s and 400 bytes. */
  private RunRecord reference() {
    var log = new Log(6);
    for (double accuracy : new double[] {0.5, 0.6, Double.NaN, 0.8, 0.85, 0.9}) {
      log.round(10, 4, 100, 5, accuracy);
    }
    return log.done();
  }

  @Test
  void theTargetIsThatOfTwoThirdsOfTheRounds() {
    var quick = new Log(6).round(5, 1, 70, 1, 0.7).round(5, 1, 70, 1, 0.81).round(5, 1, 1, 1, 0.9);
    var both = runs("a", List.of(quick.done()), "b", List.of(reference()));
    var time = measure("time-to-target", Map.of("of", "a", "from", List.of("b"))).of(both);
    assertThat(time.value()).isEqualTo(4.0);
    assertThat(time.text()).isEqualTo("4.00 times faster to 0.800 (10.0 s against 40.0 s)");
    var bytes = measure("bytes-to-target", Map.of("of", "a", "from", List.of("b"))).of(both);
    assertThat(bytes.value()).isCloseTo(1 - 140.0 / 400, within(1e-12));
  }

  @Test
  void whoDoesNotReachTheTargetHasFailed() {
    var low = new Log(6).round(5, 1, 70, 1, 0.7).done();
    var time = measure("time-to-target", Map.of("of", "a", "from", List.of("b")));
    var failed = time.of(runs("a", List.of(low), "b", List.of(reference())));
    assertThat(failed.judged()).isTrue();
    assertThat(failed.value()).isNaN();
    assertThat(failed.obstacle()).isEqualTo("a did not reach 0.800; its best is 0.700");
    // What it is measured against may fail too: then all that it took counts.
    var against = measure("time-to-target", Map.of("of", "b", "from", List.of("a"), "target", "b"));
    assertThat(against.of(runs("a", List.of(low), "b", List.of(reference()))).value())
        .isEqualTo(5.0 / 40);
  }

  @Test
  void equalCostIsWhatTheCheaperOneSpends() {
    var cheap = new Log(2).round(1, 1, 50, 1, 0.6).round(1, 1, 50, 1, 0.75).done();
    var equal = measure("at-equal-cost", Map.of("of", "a", "from", "b", "at", "traffic"));
    var measured = equal.of(runs("a", List.of(cheap), "b", List.of(reference())));
    assertThat(measured.text()).startsWith("+0.250 (0.750 against 0.500)");
    var macs = measure("at-equal-cost", Map.of("of", "a", "from", "b", "at", "device-macs"));
    assertThat(macs.of(runs("a", List.of(cheap), "b", List.of(reference()))).text())
        .startsWith("+0.250");
  }

  /** C = 4, 6, 2 and X = 5, 1, 3: 4 + max(6, 5) + max(2, 1) + 3 = 15. */
  @Test
  void overlapTakesTheLongerOfBoth() {
    double no = Double.NaN;
    var sequential = new Log(3).round(9, 4, 1, 1, no).round(7, 6, 1, 1, no).round(5, 2, 1, 1, no);
    var overlapped =
        new Log(3)
            .round(4, 4, 1, 1, no)
            .round(6, 6, 1, 1, no)
            .round(2, 2, 1, 1, no)
            .round(3, 0, 1, 1, no);
    var time = measure("overlapped-time", Map.of("of", "a", "from", "b"));
    var exact = time.of(runs("a", List.of(overlapped.done()), "b", List.of(sequential.done())));
    assertThat(exact.value()).isCloseTo(0, within(1e-9));
    assertThat(exact.text()).isEqualTo("0.00 % off (15.0 s; formula 15.0 s; b 21.0 s)");
  }

  /** m = 4, R = 0.5, T = 2: (4 + 6) / 12. */
  @Test
  void gossipSendsWhatItsFormulaSays() {
    var plan = "method: { single-merge: { topology: { random: { rate: 0.5 } } } }\n";
    var talk = new Log(2).round(1, 1, 100, 1, 0.5).done(plan);
    var all = new Log(2).round(1, 1, 120, 1, 0.5).done();
    var traffic = measure("gossip-traffic", Map.of("of", "a", "from", "b"));
    var measured = traffic.of(runs("a", List.of(talk), "b", List.of(all)));
    assertThat(measured.value()).isCloseTo(0, within(1e-9));
    assertThat(measured.text())
        .isEqualTo("83.3 % of the traffic (formula 83.3 % for 2 rounds, 33.7 % for 300)");
  }

  @Test
  void theLastStepIsThatOfTheMerge() {
    var run = new Log(2).round(1, 1, 1, 1, 0.6).round(1, 1, 1, 1, 0.8).done();
    var step = measure("last-step", Map.of("of", "a")).of(new Runs(Map.of("a", List.of(run))));
    assertThat(step.value()).isCloseTo(0.2, within(1e-9));
  }

  @Test
  void theWayIsMeasuredInNats() {
    var moved =
        new Log(1)
            .round(1, 1, 1, 1, 0.5)
            .metric("proxyPerplexity", Math.exp(2))
            .metric("largePerplexity", Math.exp(3))
            .done();
    var tuned = new Log(1).round(1, 1, 1, 1, -0.5).done(); // a loss of 1.5
    var way =
        measure(
            "share-of-way",
            Map.of(
                "of",
                "a",
                "figure",
                Map.of("metric", Map.of("name", "proxyPerplexity")),
                "from",
                "a",
                "fromFigure",
                Map.of("metric", Map.of("name", "largePerplexity")),
                "to",
                "b"));
    var measured = way.of(runs("a", List.of(moved), "b", List.of(tuned)));
    assertThat(measured.value()).isCloseTo(1 / 1.5, within(1e-5));
  }

  @Test
  void metricsAreFoldedOverRounds() {
    var log = new Log(3).metric("idle", 3).round(1, 1, 1, 1, 0.5).metric("idle", 1);
    log.round(1, 1, 1, 1, 0.5).metric("idle", 5);
    var one = new Runs(Map.of("a", List.of(log.done())));
    for (var expected :
        Map.of("sum", 9.0, "mean", 3.0, "last", 5.0, "least", 1.0, "most", 5.0).entrySet()) {
      var figure = Map.of("metric", Map.of("name", "idle", "over", expected.getKey()));
      var ratio =
          measure(
              "ratio",
              Map.of("of", "a", "figure", figure, "from", "a", "fromFigure", "virtual-time"));
      assertThat(ratio.of(one).value()).as(expected.getKey()).isEqualTo(expected.getValue() / 2);
    }
  }

  @Test
  void boundsAreOpenOrClosed() {
    var above = Bounds.read("pass", Map.of("above", 0));
    assertThat(above.hold(0)).isFalse();
    assertThat(above.hold(1e-9)).isTrue();
    assertThat(above.hold(Double.NaN)).isFalse();
    var between = Bounds.read("pass", Map.of("least", 0.4, "below", 0.67));
    assertThat(between.hold(0.4)).isTrue();
    assertThat(between.hold(0.67)).isFalse();
  }
}
