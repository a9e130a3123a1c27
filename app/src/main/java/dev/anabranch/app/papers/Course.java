package dev.anabranch.app.papers;

import dev.anabranch.app.report.RunRecord;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * How a run went, score by score. Rounds before the first and without a score are no part of it.
 *
 * @param scores in the order of rounds
 */
record Course(List<Score> scores) {
  /**
   * A score.
   *
   * @param rounds that had ended by then
   * @param seconds of virtual time until then
   * @param bytes payload on the devices' links until then
   * @param macs of all devices until then
   */
  record Score(
      int rounds, double accuracy, double error, double seconds, double bytes, double macs) {}

  static Course of(RunRecord run) {
    var rounds = run.rounds().stream().filter(round -> round.round() >= 0).toList();
    var scores = new java.util.ArrayList<Score>();
    double bytes = before(run, RunRecord.Round::payload);
    double macs = before(run, RunRecord.Round::deviceMacs);
    for (int i = 0; i < rounds.size(); i++) {
      var round = rounds.get(i);
      bytes += round.payload();
      macs += round.deviceMacs();
      if (!Double.isNaN(round.metric("accuracy"))) {
        scores.add(
            new Score(
                round.round() + 1,
                round.metric("accuracy"),
                round.metric("standardError"),
                end(run, rounds, i),
                bytes,
                macs));
      }
    }
    return new Course(List.copyOf(scores));
  }

  private static double before(RunRecord run, ToLongFunction<RunRecord.Round> amount) {
    return run.rounds().stream().filter(round -> round.round() < 0).mapToLong(amount).sum();
  }

  /** When a round ends: when the next one begins, or the run ends. */
  static double end(RunRecord run, List<RunRecord.Round> rounds, int index) {
    return index + 1 < rounds.size()
        ? rounds.get(index + 1).virtualSeconds()
        : run.virtualSeconds();
  }

  /** The accuracy that two thirds of the rounds have reached; NaN without a score by then. */
  double target(int rounds) {
    return last(score -> 3L * score.rounds() <= 2L * rounds);
  }

  private double last(Predicate<Score> which) {
    return scores.stream()
        .filter(which)
        .mapToDouble(Score::accuracy)
        .reduce(Double.NaN, (a, b) -> b);
  }

  /** The last score for which this holds, the first one where there is none. */
  Score latest(Predicate<Score> which) {
    return scores.stream().filter(which).reduce(scores.getFirst(), (a, b) -> b);
  }

  /** The first score that is as high; empty if there is none. */
  java.util.Optional<Score> reaching(double target) {
    return scores.stream().filter(score -> score.accuracy() >= target).findFirst();
  }

  double best() {
    return scores.stream().mapToDouble(Score::accuracy).max().orElse(Double.NaN);
  }
}
