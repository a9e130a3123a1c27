package dev.anabranch.app.papers;

import dev.anabranch.app.report.Figures;
import dev.anabranch.core.Kind;
import java.util.List;

/** One figure divided by another, seed by seed. */
record Ratio(Operands operands) implements Measure {
  static final Kind<Ratio> KIND =
      Kind.of(
          "ratio",
          "the figure of one plan divided by that of another",
          Operands.KNOBS,
          s -> new Ratio(Operands.read(s)));

  @Override
  public List<String> plans() {
    return operands.plans();
  }

  @Override
  public String how() {
    return operands.nameOfOne() + " / " + operands.nameOfOther();
  }

  @Override
  public Measured of(Runs runs) {
    var sample = sample(operands, runs);
    return Measured.of(sample, sample.show(Figures::three) + " (" + operands.sides(runs) + ")");
  }

  /** NaN where the other figure is zero. */
  static Sample sample(Operands operands, Runs runs) {
    return runs.sample(
        operands.of(),
        operands.from(),
        (one, other) -> {
          double whole = operands.fromFigure().value().applyAsDouble(other);
          return whole == 0 ? Double.NaN : operands.figure().value().applyAsDouble(one) / whole;
        });
  }
}
