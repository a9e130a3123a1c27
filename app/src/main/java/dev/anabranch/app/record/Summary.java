package dev.anabranch.app.record;

import dev.anabranch.core.Metrics;
import dev.anabranch.core.NodeId.Role;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Totals;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * What a run came to.
 *
 * @param run name of its folder
 * @param label how it is called in a comparison
 * @param cohort devices invited to a round; 0 if the method has no such setting
 * @param wallSeconds of all its parts, if it was resumed
 * @param weightsSha256 over names, shapes and bytes of the trained variables
 * @param classes names of the classes, by index
 * @param more what instruments measured after the last round, by name
 */
public record Summary(
    String run,
    String label,
    String method,
    long seed,
    int rounds,
    int devices,
    int cohort,
    Metrics metrics,
    Totals totals,
    double wallSeconds,
    double virtualSeconds,
    int lost,
    String weightsSha256,
    List<String> classes,
    SortedMap<String, Double> more) {
  public Summary {
    classes = List.copyOf(classes);
  }

  /** The summary of a run that ended well. */
  public static Summary of(
      Path run,
      String label,
      String method,
      long seed,
      int devices,
      int cohort,
      Outcome outcome,
      List<String> classes) {
    return new Summary(
        String.valueOf(run.getFileName()),
        label,
        method,
        seed,
        outcome.rounds(),
        devices,
        cohort,
        outcome.last(),
        outcome.totals(),
        outcome.wallSeconds(),
        outcome.virtualSeconds(),
        outcome.lost(),
        outcome.trained().sha256(),
        classes,
        outcome.more());
  }

  /** As {@code summary.json} holds it. */
  public Map<String, Object> toMap() {
    var out = new LinkedHashMap<String, Object>();
    out.put("run", run);
    out.put("label", label);
    out.put("method", method);
    out.put("seed", seed);
    out.put("rounds", rounds);
    out.put("devices", devices);
    out.put("cohort", cohort);
    var measured = metrics(metrics);
    measured.putAll(more);
    out.put("metrics", measured);
    out.put("bytes", bytes(totals));
    out.put("macs", macs(totals));
    if (totals.queries() > 0) {
      out.put("queries", ordered("texts", totals.queries(), "tokens", totals.queryTokens()));
    }
    out.put("peakBytes", peaks(totals));
    out.put("seconds", ordered("wall", wallSeconds, "virtual", virtualSeconds));
    out.put("lost", lost);
    out.put("weightsSha256", weightsSha256);
    out.put("classes", classes);
    return out;
  }

  private static Map<String, Object> metrics(Metrics metrics) {
    var out = ordered("accuracy", metrics.accuracy(), "loss", metrics.loss());
    out.put("standardError", metrics.standardError());
    out.put("examples", metrics.examples());
    return out;
  }

  /** Payload bytes by direction and topic; {@code setup} and {@code framing} stand beside. */
  public static Map<String, Object> bytes(Totals totals) {
    var out = ordered("setup", totals.setup(), "down", totals.down());
    out.put("up", totals.up());
    out.put("total", totals.total());
    out.put("framing", totals.framing());
    out.put("backbone", totals.backbone());
    out.put("byTopic", totals.byTopic());
    return out;
  }

  /** Multiply-accumulates by role; of the busiest single device. */
  public static Map<String, Object> macs(Totals totals) {
    var out = ordered("device", totals.macs(Role.DEVICE), "body", totals.macs(Role.BODY));
    out.put("coordinator", totals.macs(Role.COORDINATOR));
    return out;
  }

  /** Most native bytes by role; of the busiest single device. */
  public static Map<String, Object> peaks(Totals totals) {
    var out = ordered("device", totals.peak(Role.DEVICE), "body", totals.peak(Role.BODY));
    out.put("coordinator", totals.peak(Role.COORDINATOR));
    return out;
  }

  private static Map<String, Object> ordered(String a, Object x, String b, Object y) {
    var out = new LinkedHashMap<String, Object>();
    out.put(a, x);
    out.put(b, y);
    return out;
  }
}
