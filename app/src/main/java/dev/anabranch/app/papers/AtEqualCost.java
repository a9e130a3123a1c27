package dev.anabranch.app.papers;

import dev.anabranch.app.report.RunRecord;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Accuracies of two plans when both had spent what the cheaper one spends in all; a difference
 * within two standard errors counts as none.
 */
record AtEqualCost(String plan, String from, Cost cost) implements Measure {
  private static final Knob.Choice AT =
      new Knob.Choice(
          "at", "traffic", List.of("traffic", "device-macs", "virtual-time"), "What is spent.");

  static final Kind<AtEqualCost> KIND =
      Kind.of(
          "at-equal-cost",
          "the accuracy of one plan minus that of another, when both had spent as much",
          List.of(Operands.OF, Operands.FROM, AT),
          s ->
              new AtEqualCost(
                  Operands.plan(s, Operands.OF),
                  Operands.plan(s, Operands.FROM),
                  Cost.of(s.choice(AT))));

  /** What is spent until a score. */
  enum Cost {
    TRAFFIC("traffic", Course.Score::bytes),
    MACS("MACs of all devices", Course.Score::macs),
    TIME("virtual time", Course.Score::seconds);

    private final String words;
    private final ToDoubleFunction<Course.Score> spent;

    Cost(String words, ToDoubleFunction<Course.Score> spent) {
      this.words = words;
      this.spent = spent;
    }

    static Cost of(String word) {
      return switch (word) {
        case "traffic" -> TRAFFIC;
        case "device-macs" -> MACS;
        default -> TIME;
      };
    }
  }

  @Override
  public List<String> plans() {
    return List.of(plan, from);
  }

  @Override
  public String how() {
    return "accuracy of " + plan + " − accuracy of " + from + " at equal " + cost.words;
  }

  @Override
  public Measured of(Runs runs) {
    return Difference.judged(side(runs, plan, from), side(runs, from, plan), Figure::share);
  }

  private Difference.Side side(Runs runs, String one, String other) {
    return new Difference.Side(
        runs.sample(one, other, (a, b) -> score(a, b).accuracy()),
        runs.sample(one, other, (a, b) -> score(a, b).error()));
  }

  private Course.Score score(RunRecord run, RunRecord other) {
    var course = Course.of(run);
    double budget = Math.min(whole(course), whole(Course.of(other)));
    return course.latest(score -> cost.spent.applyAsDouble(score) <= budget);
  }

  private double whole(Course course) {
    return course.scores().isEmpty() ? 0 : cost.spent.applyAsDouble(course.scores().getLast());
  }
}
