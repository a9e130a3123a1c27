package dev.anabranch.app.papers;

import dev.anabranch.core.Kind;
import java.util.List;
import java.util.Locale;

/** How much smaller one figure is than another, as a share of that one. */
record ShareSaved(Operands operands) implements Measure {
  static final Kind<ShareSaved> KIND =
      Kind.of(
          "share-saved",
          "1 minus the figure of one plan divided by that of another",
          Operands.KNOBS,
          s -> new ShareSaved(Operands.read(s)));

  @Override
  public List<String> plans() {
    return operands.plans();
  }

  @Override
  public String how() {
    return "1 − " + operands.nameOfOne() + " / " + operands.nameOfOther();
  }

  @Override
  public Measured of(Runs runs) {
    var ratio = Ratio.sample(operands, runs);
    var saved = new Sample(ratio.values().stream().map(share -> 1 - share).toList());
    return Measured.of(saved, show(saved) + " (" + operands.sides(runs) + ")");
  }

  /** {@code 12.3 % less}, or {@code 4.0 % more}. */
  static String show(Sample saved) {
    double mean = saved.mean();
    return new Sample(saved.values().stream().map(x -> mean < 0 ? -x : x).toList())
            .show(x -> String.format(Locale.ROOT, "%.1f %%", 100 * x))
        + (mean < 0 ? " more" : " less");
  }
}
