package dev.anabranch.app.papers;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How much of the way from one perplexity to another a third one has gone, in nats. */
record ShareOfWay(Operands operands, String to) implements Measure {
  private static final Knob.Text TO = new Knob.Text("to", "", "The plan at the end of the way.");

  static final Kind<ShareOfWay> KIND =
      Kind.of(
          "share-of-way",
          "(ln from − ln of) / (ln from − ln to); of to, it is the perplexity",
          knobs(),
          s -> new ShareOfWay(Operands.read(s), Operands.plan(s, TO)));

  private static List<Knob> knobs() {
    var all = new ArrayList<>(Operands.KNOBS);
    all.add(TO);
    return List.copyOf(all);
  }

  @Override
  public List<String> plans() {
    return List.of(operands.of(), operands.from(), to);
  }

  @Override
  public String how() {
    return "way from "
        + operands.nameOfOther()
        + " to perplexity of "
        + to
        + " that "
        + operands.nameOfOne()
        + " has gone, in nats";
  }

  @Override
  public Measured of(Runs runs) {
    var end = runs.sample(to, run -> Math.exp(run.loss()));
    var one = operands.one(runs);
    var start = operands.other(runs);
    var shares = new ArrayList<Double>();
    for (int i = 0; i < end.size(); i++) {
      double whole = Math.log(start.values().get(i)) - Math.log(end.values().get(i));
      shares.add(
          whole <= 0
              ? Double.NaN
              : (Math.log(start.values().get(i)) - Math.log(one.values().get(i))) / whole);
    }
    var sample = new Sample(shares);
    if (Double.isNaN(sample.mean())) {
      return Measured.unknown("there is no way to go, or a figure was not measured");
    }
    return Measured.of(
        sample,
        sample.show(x -> String.format(Locale.ROOT, "%.1f %%", 100 * x))
            + " ("
            + operands.sides(runs)
            + "; the end is "
            + end.show(operands.figure().unit())
            + ")");
  }
}
