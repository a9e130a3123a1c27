package dev.anabranch.app.papers;

import dev.anabranch.app.plan.PlanText;
import dev.anabranch.app.report.RunRecord;
import dev.anabranch.core.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How far the traffic of random talk with one merge is from its share of an all-reduce in every
 * round, {@code (m R T + 2 (m − 1)) / (2 (m − 1) T)} for m agents, T rounds and a rate of R.
 */
record GossipTraffic(String plan, String from) implements Measure {
  private static final int PUBLISHED_ROUNDS = 300;

  static final Kind<GossipTraffic> KIND =
      Kind.of(
          "gossip-traffic",
          "how far the share of traffic is from (m R T + 2 (m - 1)) / (2 (m - 1) T), as a share",
          List.of(Operands.OF, Operands.FROM),
          s -> new GossipTraffic(Operands.plan(s, Operands.OF), Operands.plan(s, Operands.FROM)));

  @Override
  public List<String> plans() {
    return List.of(plan, from);
  }

  @Override
  public String how() {
    return "bytes of variables of " + plan + " / " + from + ", beside (mRT + 2(m−1)) / (2(m−1)T)";
  }

  @Override
  public Measured of(Runs runs) {
    var share = runs.sample(plan, from, (one, other) -> (double) bytes(one) / bytes(other));
    var formula = runs.sample(plan, run -> formula(run, run.start().rounds()));
    var published = runs.sample(plan, run -> formula(run, PUBLISHED_ROUNDS));
    var off =
        runs.sample(
            plan,
            from,
            (one, other) ->
                Math.abs(
                    (double) bytes(one) / bytes(other) / formula(one, one.start().rounds()) - 1));
    return Measured.of(
        off,
        share.show(GossipTraffic::percent)
            + " of the traffic (formula "
            + percent(formula.mean())
            + " for "
            + runs.of(plan).getFirst().start().rounds()
            + " rounds, "
            + percent(published.mean())
            + " for "
            + PUBLISHED_ROUNDS
            + ")");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private static long bytes(RunRecord run) {
    return run.costs().byTopic().getOrDefault("variables", 0L);
  }

  private static double formula(RunRecord run, double rounds) {
    double agents = run.start().devices();
    double once = 2 * (agents - 1);
    return (agents * rate(run) * rounds + once) / (once * rounds);
  }

  /** The chance of a meeting, from the plan; NaN where agents do not meet at random. */
  private static double rate(RunRecord run) {
    Object at = PlanText.readMap("plan.yaml", run.plan());
    for (var key : List.of("method", "single-merge", "topology", "random", "rate")) {
      at = at instanceof Map<?, ?> map && map.get(key) != null ? map.get(key) : "";
    }
    return at instanceof Number rate ? rate.doubleValue() : Double.NaN;
  }
}
