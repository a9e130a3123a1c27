package dev.anabranch.app.papers;

import dev.anabranch.app.report.RunRecord;
import dev.anabranch.core.Kind;
import java.util.List;

/** The last score of a run minus the one before it, as after a merge and before it. */
record LastStep(String plan) implements Measure {
  static final Kind<LastStep> KIND =
      Kind.of(
          "last-step",
          "the last accuracy of a run minus the one before it; 0 within two standard errors",
          List.of(Operands.OF),
          s -> new LastStep(Operands.plan(s, Operands.OF)));

  @Override
  public List<String> plans() {
    return List.of(plan);
  }

  @Override
  public String how() {
    return "last accuracy of " + plan + " − the one before it";
  }

  @Override
  public Measured of(Runs runs) {
    return Difference.judged(side(runs, 1), side(runs, 2), Figure::share);
  }

  private Difference.Side side(Runs runs, int fromEnd) {
    return new Difference.Side(
        runs.sample(plan, run -> score(run, "accuracy", fromEnd)),
        runs.sample(plan, run -> score(run, "standardError", fromEnd)));
  }

  private static double score(RunRecord run, String name, int fromEnd) {
    var scored =
        run.rounds().stream().filter(round -> !Double.isNaN(round.metric("accuracy"))).toList();
    return scored.size() < fromEnd ? Double.NaN : scored.get(scored.size() - fromEnd).metric(name);
  }
}
