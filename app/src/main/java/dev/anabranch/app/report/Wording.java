package dev.anabranch.app.report;

import dev.anabranch.app.report.Comparison.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The result of a comparison in plain words, computed from its numbers. */
final class Wording {
  /** More than this many, and only the most telling ones are spelled out. */
  private static final int SPELLED_OUT = 3;

  private final Comparison comparison;

  /**
   * A sentence of the result.
   *
   * @param subject which runs it is about; empty if all
   */
  record Sentence(String subject, String rest) {
    @Override
    public String toString() {
      return subject + rest;
    }
  }

  Wording(Comparison comparison) {
    this.comparison = comparison;
  }

  /** What was run: {@code 3 methods × 3 seeds; 12 rounds with 8 of 50 devices}. */
  String what() {
    List<RunRecord> runs = comparison.groups().stream().flatMap(g -> g.runs().stream()).toList();
    Set<Long> seeds = new LinkedHashSet<>();
    Set<String> shapes = new LinkedHashSet<>();
    for (RunRecord run : runs) {
      RunRecord.Start start = run.start();
      seeds.add(start.seed());
      shapes.add(
          Figures.count(start.rounds(), "round")
              + ", "
              + start.cohort()
              + " of "
              + Figures.count(start.devices(), "device")
              + " in each");
    }
    String labels =
        comparison.groups().size() <= SPELLED_OUT
            ? comparison.groups().stream().map(Group::label).collect(Collectors.joining(" vs "))
            : Figures.count(comparison.groups().size(), "variant");
    String bySeed = seeds.size() == 1 ? "seed " + seeds.iterator().next() : seeds.size() + " seeds";
    return labels + "; " + bySeed + "; " + String.join(" / ", shapes);
  }

  /** The result, as sentences. */
  List<Sentence> result() {
    List<Sentence> sentences = new ArrayList<>();
    List<Group> groups = comparison.groups();
    Group reference = comparison.reference();
    if (groups.size() == 1) {
      sentences.add(alone(reference));
    } else {
      sentences.add(referenceSentence(reference));
      List<Group> others = groups.stream().filter(g -> !comparison.isReference(g)).toList();
      for (Group group : others.size() <= SPELLED_OUT ? others : telling(others)) {
        sentences.add(against(group, reference));
      }
      if (others.size() > SPELLED_OUT) {
        sentences.add(new Sentence("", "The table has the other variants."));
      }
    }
    int lost = groups.stream().mapToInt(Group::lost).sum();
    if (lost > 0) {
      sentences.add(
          new Sentence(
              "",
              Figures.count(lost, "visit")
                  + " gave no sound reply and "
                  + (lost == 1 ? "was" : "were")
                  + " left out of the averages."));
    }
    return sentences;
  }

  /** {@code the hold-out of 604 examples}. */
  private String holdOut() {
    return comparison.groups().stream()
        .flatMap(group -> group.runs().stream())
        .map(RunRecord::summary)
        .filter(summary -> summary != null && summary.examples() > 0)
        .findFirst()
        .map(summary -> "the hold-out of " + Figures.count(summary.examples(), "example"))
        .orElse("the hold-out");
  }

  /** What ± stands for in this report. */
  String plusMinus() {
    boolean seeds = comparison.groups().stream().anyMatch(g -> g.runs().size() > 1);
    return seeds
        ? "Where a row has several seeds, ± is the standard deviation over them; with one seed it"
            + " is one standard error of the accuracy on "
            + holdOut()
            + ". Differences are judged by both together."
        : "± is one standard error of the accuracy on "
            + holdOut()
            + ": how far off it may be by the luck of which examples were held out.";
  }

  private Sentence alone(Group group) {
    RunRecord run = group.runs().getFirst();
    String reach =
        Double.isNaN(group.accuracy())
            ? " has measured no accuracy"
            : (group.finished() ? " reaches" : " stands at") + " an accuracy of " + accuracy(group);
    return new Sentence(
        group.label(),
        String.format(
            Locale.ROOT,
            "%s after %s%s. It sends %s MB over the devices' links (%s MB down, %s MB up); the"
                + " busiest device computes %s GMACs and needs at most %s MiB, in %s of virtual"
                + " time.",
            reach,
            Figures.count(run.roundsDone(), "round"),
            group.finished() ? "" : " of " + run.start().rounds() + " (the run is not finished)",
            Figures.three(Figures.megabytes(group.mean(r -> r.costs().total()))),
            Figures.three(Figures.megabytes(group.mean(r -> r.costs().down()))),
            Figures.three(Figures.megabytes(group.mean(r -> r.costs().up()))),
            Figures.three(Figures.gigamacs(group.mean(r -> r.costs().busiestMacs()))),
            Figures.three(Figures.mebibytes(group.mean(r -> r.costs().devicePeak()))),
            Figures.duration(group.mean(RunRecord::virtualSeconds))));
  }

  private Sentence referenceSentence(Group reference) {
    return new Sentence(
        reference.label(),
        " is the reference ("
            + (comparison.fullTuning() ? "full fine-tuning" : "the first run")
            + "): it"
            + (Double.isNaN(reference.accuracy())
                ? " has measured no accuracy"
                : " reaches an accuracy of " + accuracy(reference))
            + " and sends "
            + Figures.three(Figures.megabytes(reference.mean(r -> r.costs().total())))
            + " MB.");
  }

  private Sentence against(Group group, Group reference) {
    if (!group.finished()) {
      RunRecord run = group.runs().getFirst();
      return new Sentence(
          group.label(),
          " has done "
              + run.roundsDone()
              + " of "
              + Figures.count(run.start().rounds(), "round")
              + " and has no result yet; its numbers are those of its log so far.");
    }
    return new Sentence(
        group.label(),
        " "
            + (Double.isNaN(group.accuracy())
                ? "has measured no accuracy"
                : verdict(group, reference))
            + ", with "
            + share(group, reference, r -> r.costs().total())
            + " of the traffic ("
            + share(group, reference, r -> r.costs().withSetup())
            + " when the one-off setup is counted), "
            + share(group, reference, r -> r.costs().busiestMacs())
            + " of the busiest device's computation and "
            + share(group, reference, r -> r.costs().devicePeak())
            + " of its peak memory.");
  }

  private static String verdict(Group group, Group reference) {
    String reaches = "reaches " + accuracy(group);
    if (Double.isNaN(reference.accuracy())) {
      return reaches;
    }
    double points = 100 * (group.accuracy() - reference.accuracy());
    String gap = String.format(Locale.ROOT, "%.1f points", Math.abs(points));
    return reaches
        + (Comparison.differs(group, reference)
            ? ", " + gap + (points > 0 ? " higher" : " lower")
            : ", no difference (" + gap + " apart, within two standard errors)");
  }

  private static List<Group> telling(List<Group> groups) {
    Set<Group> chosen = new LinkedHashSet<>();
    chosen.add(
        groups.stream()
            .max(Comparator.comparingDouble(g -> Double.isNaN(g.accuracy()) ? -1 : g.accuracy()))
            .orElseThrow());
    chosen.add(
        groups.stream()
            .min(Comparator.comparingDouble(g -> g.mean(r -> r.costs().total())))
            .orElseThrow());
    return List.copyOf(chosen);
  }

  private static String share(Group group, Group reference, Function<RunRecord, Long> figure) {
    return Figures.share(
        group.mean(run -> figure.apply(run)), reference.mean(run -> figure.apply(run)));
  }

  /** {@code 0.935 ± 0.010}. */
  static String accuracy(Group group) {
    double error =
        group.runs().size() > 1
            ? group.spread(RunRecord::accuracy)
            : group.mean(RunRecord::standardError);
    String value = Figures.accuracy(group.accuracy());
    return Double.isNaN(error) || Double.isNaN(group.accuracy())
        ? value
        : value + " ± " + Figures.accuracy(error);
  }
}
