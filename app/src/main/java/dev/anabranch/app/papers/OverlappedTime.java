package dev.anabranch.app.papers;

import dev.anabranch.app.report.RunRecord;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.Kind;
import java.util.List;
import java.util.Locale;

/**
 * How far the virtual time of a run with overlap is from {@code C_0 + Σ max(C_t, X_{t−1}) +
 * X_last}: C_t is the longest computation of a visit of round t, X_t what is left of that round in
 * a run without overlap.
 */
record OverlappedTime(String plan, String from) implements Measure {
  static final Kind<OverlappedTime> KIND =
      Kind.of(
          "overlapped-time",
          "how far the virtual time is from C_0 + sum of max(C_t, X_(t-1)) + X_last, as a share",
          List.of(Operands.OF, Operands.FROM),
          s -> new OverlappedTime(Operands.plan(s, Operands.OF), Operands.plan(s, Operands.FROM)));

  @Override
  public List<String> plans() {
    return List.of(plan, from);
  }

  @Override
  public String how() {
    return "virtual time of "
        + plan
        + " beside C_0 + Σ max(C_t, X_{t−1}) + X_last, with X from "
        + from;
  }

  @Override
  public Measured of(Runs runs) {
    var off =
        runs.sample(
            plan, from, (one, other) -> Math.abs(one.virtualSeconds() / expected(one, other) - 1));
    var formula = runs.sample(plan, from, OverlappedTime::expected);
    return Measured.of(
        off,
        off.show(x -> String.format(Locale.ROOT, "%.2f %%", 100 * x))
            + " off ("
            + runs.sample(plan, RunRecord::virtualSeconds).show(Units::seconds)
            + "; formula "
            + formula.show(Units::seconds)
            + "; "
            + from
            + " "
            + runs.sample(from, RunRecord::virtualSeconds).show(Units::seconds)
            + ")");
  }

  /** NaN if the two runs do not have the same rounds. */
  private static double expected(RunRecord overlapped, RunRecord sequential) {
    var rounds = sequential.rounds().stream().filter(round -> round.round() >= 0).toList();
    if (rounds.isEmpty()) {
      return Double.NaN;
    }
    double time = compute(overlapped, 0);
    for (int t = 1; t < rounds.size(); t++) {
      time += Math.max(compute(overlapped, t), left(sequential, rounds, t - 1));
    }
    return time + left(sequential, rounds, rounds.size() - 1);
  }

  private static double left(RunRecord run, List<RunRecord.Round> rounds, int t) {
    return Course.end(run, rounds, t) - rounds.get(t).virtualSeconds() - compute(run, t);
  }

  private static double compute(RunRecord run, int round) {
    return run.visits().stream()
        .filter(visit -> visit.round() == round)
        .mapToDouble(RunRecord.Visit::compute)
        .max()
        .orElse(Double.NaN);
  }
}
