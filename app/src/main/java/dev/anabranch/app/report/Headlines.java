package dev.anabranch.app.report;

import dev.anabranch.app.report.Comparison.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** The sentence above each chart: what it shows in this comparison. */
final class Headlines {
  private static final int SPELLED_OUT = 3;

  private final List<Group> groups;

  Headlines(Comparison comparison) {
    this.groups = comparison.groups();
  }

  String accuracy() {
    return range("Accuracy", Group::accuracy, Figures::accuracy);
  }

  String loss() {
    return range("Loss", group -> group.mean(RunRecord::loss), Figures::three);
  }

  /** Traffic until the first accuracy that every group reached. */
  String traffic() {
    double target = target();
    if (Double.isNaN(target) || groups.size() < 2) {
      return "Accuracy by the traffic that it took";
    }
    Function<Group, String> toTarget =
        group -> Figures.three(Figures.megabytes(group.mean(run -> bytesTo(run, target)))) + " MB";
    return "To reach an accuracy of "
        + Figures.accuracy(target)
        + ": "
        + list(toTarget, bytes(target));
  }

  String topics() {
    return "The largest kind of traffic: " + listPlain(Headlines::largestTopic);
  }

  String macs() {
    return "Share of the computation that devices carry: "
        + list(
            group -> Figures.share(devices(group), devices(group) + others(group)),
            group -> devices(group) / (devices(group) + others(group)));
  }

  String memory() {
    ToDoubleFunction<Group> peak = group -> group.mean(run -> run.costs().devicePeak());
    return "A device needs at most: "
        + list(group -> Figures.three(Figures.mebibytes(peak.applyAsDouble(group))) + " MiB", peak);
  }

  /** The greatest accuracy, in hundredths, that every finished group has reached in every run. */
  double target() {
    double least = Double.POSITIVE_INFINITY;
    for (Group group : groups) {
      for (RunRecord run : group.runs()) {
        double best =
            run.rounds().stream()
                .mapToDouble(round -> round.metric("accuracy"))
                .filter(value -> !Double.isNaN(value))
                .max()
                .orElse(Double.NaN);
        least = Math.min(least, best);
      }
    }
    return Double.isFinite(least) ? Math.floor(least * 100) / 100 : Double.NaN;
  }

  private static ToDoubleFunction<Group> bytes(double target) {
    return group -> group.mean(run -> bytesTo(run, target));
  }

  private static double bytesTo(RunRecord run, double target) {
    long sum = 0;
    for (RunRecord.Round round : run.rounds()) {
      sum += round.payload();
      if (round.metric("accuracy") >= target) {
        break;
      }
    }
    return sum;
  }

  private static String largestTopic(Group group) {
    Map<String, Long> topics = group.runs().getFirst().costs().byTopic();
    long total = group.runs().getFirst().costs().total();
    return topics.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(top -> top.getKey() + ", " + Figures.share((double) top.getValue(), (double) total))
        .orElse("nothing");
  }

  private static double devices(Group group) {
    return group.mean(run -> run.costs().allDevicesMacs());
  }

  private static double others(Group group) {
    return group.mean(run -> run.costs().bodyMacs() + run.costs().coordinatorMacs());
  }

  private String range(
      String what, ToDoubleFunction<Group> figure, Function<Double, String> format) {
    List<Group> known =
        groups.stream()
            .filter(group -> !Double.isNaN(figure.applyAsDouble(group)))
            .sorted(Comparator.comparingDouble(figure))
            .toList();
    if (known.isEmpty()) {
      return what + " was not measured";
    }
    String least = format.apply(figure.applyAsDouble(known.getFirst()));
    String most = format.apply(figure.applyAsDouble(known.getLast()));
    if (known.size() == 1) {
      return what + " on the hold-out ends at " + least;
    }
    return what
        + " on the hold-out ends between "
        + least
        + " ("
        + name(known.getFirst())
        + ") and "
        + most
        + " ("
        + name(known.getLast())
        + ")";
  }

  /** A label, cut where a heading would not bear it. */
  private static String name(Group group) {
    String label = group.label();
    return label.length() <= 32 ? label : label.substring(0, 31) + "…";
  }

  private String listPlain(Function<Group, String> text) {
    return groups.size() <= SPELLED_OUT ? each(text) : "see the longest piece of each bar";
  }

  private String list(Function<Group, String> text, ToDoubleFunction<Group> figure) {
    if (groups.size() <= SPELLED_OUT) {
      return each(text);
    }
    List<Group> sorted = groups.stream().sorted(Comparator.comparingDouble(figure)).toList();
    Group least = sorted.getFirst();
    Group most = sorted.getLast();
    return "from "
        + text.apply(least)
        + " ("
        + name(least)
        + ") to "
        + text.apply(most)
        + " ("
        + name(most)
        + ")";
  }

  private String each(Function<Group, String> text) {
    if (groups.size() == 1) {
      return text.apply(groups.getFirst());
    }
    List<String> parts = new ArrayList<>();
    groups.forEach(group -> parts.add(text.apply(group) + " (" + name(group) + ")"));
    return String.join("; ", parts);
  }
}
