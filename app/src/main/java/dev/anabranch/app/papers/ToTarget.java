package dev.anabranch.app.papers;

import dev.anabranch.app.report.Figures;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What it took to reach the accuracy that a reference had reached after two thirds of its rounds:
 * how many times faster by the virtual clock, or how much less traffic. Of several plans that it is
 * measured against the best one counts; one that does not get there took all that it had.
 */
record ToTarget(boolean time, String plan, List<String> from, String target) implements Measure {
  private static final Knob.Words FROM =
      new Knob.Words("from", List.of(), "Plans that it is measured against; the best one counts.");
  private static final Knob.Text TARGET =
      new Knob.Text("target", "", "The plan that sets the target; empty: the first of from.");
  private static final List<Knob> KNOBS = List.of(Operands.OF, FROM, TARGET);

  static final Kind<ToTarget> TIME =
      Kind.of("time-to-target", "times faster to the target", KNOBS, s -> read(true, s));
  static final Kind<ToTarget> BYTES =
      Kind.of(
          "bytes-to-target", "share of traffic saved to the target", KNOBS, s -> read(false, s));

  private static ToTarget read(boolean time, Settings s) {
    var from = s.words(FROM);
    Claims.require(!from.isEmpty(), s.path() + ".from", "missing", "short names of plans");
    var target = s.text(TARGET).isEmpty() ? from.getFirst() : s.text(TARGET);
    return new ToTarget(time, Operands.plan(s, Operands.OF), from, target);
  }

  @Override
  public List<String> plans() {
    var all = new ArrayList<>(from);
    all.add(plan);
    all.add(target);
    return all;
  }

  @Override
  public String how() {
    return (time ? "virtual time" : "traffic")
        + " to the accuracy that "
        + target
        + " had after two thirds of its rounds: "
        + (from.size() == 1 ? "" : "best of ")
        + String.join(", ", from)
        + (time ? " / " : " against ")
        + plan;
  }

  @Override
  public Measured of(Runs runs) {
    var shares = new ArrayList<Double>();
    var ours = new ArrayList<Double>();
    var theirs = new ArrayList<Double>();
    var targets = new ArrayList<Double>();
    int seeds = runs.of(plan).size();
    int missed = 0;
    double best = Double.NEGATIVE_INFINITY;
    for (int seed = 0; seed < seeds; seed++) {
      var reference = runs.of(target).get(seed);
      double goal = Course.of(reference).target(reference.start().rounds());
      if (Double.isNaN(goal)) {
        return Measured.unknown(target + " has no score within two thirds of its rounds");
      }
      targets.add(goal);
      var course = Course.of(runs.of(plan).get(seed));
      best = Math.max(best, course.best());
      var mine = course.reaching(goal).map(this::cost);
      if (mine.isEmpty()) {
        missed++;
        continue;
      }
      double other = others(runs, seed, goal);
      ours.add(mine.get());
      theirs.add(other);
      shares.add(time ? other / mine.get() : 1 - mine.get() / other);
    }
    var goal = new Sample(targets).show(Figure::share);
    if (missed > 0) {
      return Measured.failed(
          seeds,
          plan
              + " did not reach "
              + goal
              + (seeds == 1 ? "" : " with " + missed + " of " + seeds + " seeds")
              + "; its best is "
              + Figure.share(best));
    }
    var sample = new Sample(shares);
    return Measured.of(
        sample,
        (time ? sample.show(Figures::three) + " times faster" : ShareSaved.show(sample))
            + " to "
            + goal
            + " ("
            + new Sample(ours).show(this::show)
            + " against "
            + new Sample(theirs).show(this::show)
            + ")");
  }

  private double others(Runs runs, int seed, double goal) {
    return from.stream()
        .map(name -> runs.of(name).get(seed))
        .mapToDouble(run -> {
          Optional<Course.Score> there = Course.of(run).reaching(goal);
          return there
              .map(this::cost)
              .orElse(time ? run.virtualSeconds() : (double) run.costs().total());
        })
        .min()
        .orElse(Double.NaN);
  }

  private double cost(Course.Score score) {
    return time ? score.seconds() : score.bytes();
  }

  private String show(double cost) {
    return time ? Units.seconds(cost) : String.format(Locale.ROOT, "%s", Units.traffic(cost));
  }
}
