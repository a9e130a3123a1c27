package dev.anabranch.app.papers;

import dev.anabranch.core.Kind;
import java.util.List;
import java.util.function.DoubleFunction;

/**
 * One figure minus another. Within two standard errors of the difference it counts as none: those
 * of the hold-out, which more seeds do not shrink, and those of the mean over seeds, added in
 * squares.
 */
record Difference(Operands operands) implements Measure {
  static final Kind<Difference> KIND =
      Kind.of(
          "difference",
          "the figure of one plan minus that of another; 0 within two standard errors",
          Operands.KNOBS,
          s -> new Difference(Operands.read(s)));

  @Override
  public List<String> plans() {
    return operands.plans();
  }

  @Override
  public String how() {
    return operands.nameOfOne() + " − " + operands.nameOfOther();
  }

  @Override
  public Measured of(Runs runs) {
    return judged(
        new Side(operands.one(runs), runs.sample(operands.of(), operands.figure().error())),
        new Side(operands.other(runs), runs.sample(operands.from(), operands.fromFigure().error())),
        operands.figure().unit());
  }

  /**
   * Numbers of one plan.
   *
   * @param errors one standard error of each by the hold-out, NaN where that is not known
   */
  record Side(Sample values, Sample errors) {
    /** NaN where neither the hold-out nor the seeds give one. */
    double error() {
      double holdOut = errors.mean();
      double seeds = values.error();
      if (Double.isNaN(holdOut)) {
        return seeds;
      }
      return Double.isNaN(seeds) ? holdOut : Math.hypot(holdOut, seeds);
    }
  }

  /** One minus the other. */
  static Measured judged(Side one, Side other, DoubleFunction<String> unit) {
    double gap = one.values().mean() - other.values().mean();
    if (Double.isNaN(gap)) {
      return Measured.unknown("a figure was not measured");
    }
    double error = Math.hypot(one.error(), other.error());
    if (Double.isNaN(error)) {
      return Measured.unknown(
          text(one, other, unit) + ": one seed, and its error is not known; see --seeds");
    }
    boolean none = Math.abs(gap) <= 2 * error;
    var spread = one.values();
    return new Measured(
        none ? 0 : gap,
        Math.hypot(spread.deviation(), other.values().deviation()),
        error,
        spread.size(),
        text(one, other, unit)
            + (none ? "; no difference: two standard errors are " : "; two standard errors are ")
            + unit.apply(2 * error),
        null,
        true);
  }

  private static String text(Side one, Side other, DoubleFunction<String> unit) {
    double gap = one.values().mean() - other.values().mean();
    return (gap > 0 ? "+" : "")
        + unit.apply(gap)
        + " ("
        + one.values().show(unit)
        + " against "
        + other.values().show(unit)
        + ")";
  }
}
