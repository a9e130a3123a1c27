package dev.anabranch.app.papers;

import dev.anabranch.app.report.Figures;
import dev.anabranch.app.report.RunRecord;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * One number of one run, as its record has it.
 *
 * @param name as a reader sees it
 * @param value NaN where the run has not measured it
 * @param unit how it is written
 * @param error one standard error by the size of the hold-out; NaN where that is not known
 */
public record Figure(
    String name,
    ToDoubleFunction<RunRecord> value,
    DoubleFunction<String> unit,
    ToDoubleFunction<RunRecord> error) {
  private static final Knob.Text NAME = new Knob.Text("name", "", "As the run log names it.");
  private static final Knob.Choice OVER =
      new Knob.Choice(
          "over",
          "last",
          List.of("last", "sum", "mean", "least", "most"),
          "Over the rounds in which it was measured.");

  /** All that a claims file can choose from. */
  public static final List<Kind<Figure>> KINDS =
      List.of(
          plain(
              "accuracy",
              "share of the hold-out classified right at the end",
              "accuracy",
              r -> r.accuracy(),
              Figure::share,
              r -> r.standardError()),
          plain("loss", "mean cross-entropy on the hold-out at the end", r -> r.loss(), "loss"),
          plain("perplexity", "e to the loss at the end", r -> Math.exp(r.loss()), "perplexity"),
          plain("bytes", "traffic", r -> r.costs().total(), Units::traffic, "payload, both ways"),
          plain(
              "bytes-with-setup",
              "traffic with setup",
              r -> r.costs().withSetup(),
              Units::traffic,
              "the same with frozen weights that are installed once"),
          plain(
              "busiest-macs",
              "MACs of the busiest device",
              r -> r.costs().busiestMacs(),
              Units::macs,
              "multiply-accumulates of the device that computed most"),
          plain(
              "device-macs",
              "MACs of all devices",
              r -> r.costs().allDevicesMacs(),
              Units::macs,
              "multiply-accumulates of all devices together"),
          plain(
              "device-memory",
              "most memory of a visit",
              r -> r.costs().devicePeak(),
              Units::memory,
              "most native bytes that a visit needed"),
          plain(
              "visit-memory",
              "mean memory of a visit",
              r -> r.costs().visitPeak(),
              Units::memory,
              "mean over visits of the most native bytes"),
          plain(
              "virtual-time",
              "virtual time",
              RunRecord::virtualSeconds,
              Units::seconds,
              "of the whole run, by the virtual clock"),
          Kind.of(
              "metric",
              "what the run log has as a metric",
              List.of(NAME, OVER),
              s -> metric(s.text(NAME), s.choice(OVER), s)),
          Kind.of("topic", "bytes of one topic", List.of(NAME), s -> topic(s.text(NAME))));

  private static Kind<Figure> plain(
      String word,
      String about,
      String name,
      ToDoubleFunction<RunRecord> value,
      DoubleFunction<String> unit,
      ToDoubleFunction<RunRecord> error) {
    return Kind.of(word, about, List.of(), s -> new Figure(name, value, unit, error));
  }

  private static Kind<Figure> plain(
      String word,
      String name,
      ToDoubleFunction<RunRecord> value,
      DoubleFunction<String> unit,
      String about) {
    return plain(word, about, name, value, unit, r -> Double.NaN);
  }

  private static Kind<Figure> plain(
      String word, String about, ToDoubleFunction<RunRecord> value, String name) {
    return plain(word, about, name, value, Figures::three, r -> Double.NaN);
  }

  /** An accuracy as it is written everywhere. */
  static String share(double value) {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.3f", value);
  }

  private static Figure metric(String name, String over, Settings at) {
    Claims.require(!name.isEmpty(), at.path() + ".name", "''", "the name of a metric");
    Function<DoubleStream, Double> fold =
        switch (over) {
          case "sum" -> values -> values.sum();
          case "mean" -> values -> values.average().orElse(Double.NaN);
          case "least" -> values -> values.min().orElse(Double.NaN);
          case "most" -> values -> values.max().orElse(Double.NaN);
          default -> values -> values.reduce(Double.NaN, (a, b) -> b);
        };
    return new Figure(
        over.equals("last") ? name : over + " of " + name,
        run -> {
          double[] values =
              run.rounds().stream()
                  .mapToDouble(round -> round.metric(name))
                  .filter(value -> !Double.isNaN(value))
                  .toArray();
          return values.length == 0 ? Double.NaN : fold.apply(DoubleStream.of(values));
        },
        Figures::three,
        run -> Double.NaN);
  }

  private static Figure topic(String name) {
    return new Figure(
        "bytes of " + name,
        run -> run.costs().byTopic().getOrDefault(name, 0L),
        Units::traffic,
        run -> Double.NaN);
  }
}
