package dev.anabranch.fabrics.common;

import dev.anabranch.core.Charge;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.RunLog;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The lines of one round, gathered and then written in a fixed order. Of the coordinator's program.
 */
public final class RoundPage {
  private record Line(String kind, int round, Map<String, Object> fields) {}

  private final int round;
  private final List<Line> begins = new ArrayList<>();
  private final List<Line> visits = new ArrayList<>();
  private final List<Line> lost = new ArrayList<>();
  private final List<Line> metrics = new ArrayList<>();

  RoundPage(int round) {
    this.round = round;
  }

  /** Names and values in turn. */
  public static Map<String, Object> fields(Object... namesAndValues) {
    var out = new LinkedHashMap<String, Object>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      out.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return out;
  }

  /** The line of the round itself, before all others. */
  public void begins(Object... namesAndValues) {
    begins.add(new Line("round", round, fields(namesAndValues)));
  }

  /** The line of a visit. */
  public void visit(NodeId device, Object... namesAndValues) {
    var fields = fields("device", device.index());
    fields.putAll(fields(namesAndValues));
    visits.add(new Line("visit", round, fields));
  }

  void lost(NodeId device, String reason) {
    lost.add(new Line("lost", round, fields("device", device.index(), "reason", reason)));
  }

  void metric(int of, String name, double value) {
    metrics.add(new Line("metric", of, fields("name", name, "value", value)));
  }

  /**
   * @param messages how many there were of each kind
   */
  void write(RunLog log, List<Charge> charges, Map<Hop, Integer> messages) {
    write(log, begins);
    each(charges, Charge.Install.class, Comparator.comparing(Charge.Install::node))
        .forEach(c ->
            log.append("install", round, fields("node", c.node().toString(), "bytes", c.bytes())));
    var byEnds =
        Comparator.comparing(Charge.Wire::from)
            .thenComparing(Charge.Wire::to)
            .thenComparing(Charge.Wire::topic);
    each(charges, Charge.Wire.class, byEnds)
        .forEach(c ->
            log.append(
                "wire",
                round,
                fields(
                    "from", c.from().toString(),
                    "to", c.to().toString(),
                    "topic", c.topic(),
                    "messages", messages.getOrDefault(new Hop(c.from(), c.to(), c.topic()), 0),
                    "payload", c.payloadBytes(),
                    "framing", c.framingBytes())));
    each(
            charges,
            Charge.Compute.class,
            Comparator.comparing(Charge.Compute::node).thenComparing(Charge.Compute::work))
        .forEach(c ->
            log.append(
                "compute",
                round,
                fields(
                    "node", c.node().toString(),
                    "work", c.work(),
                    "macs", c.macs(),
                    "seconds", c.nanos() / 1e9)));
    each(
            charges,
            Charge.Query.class,
            Comparator.comparing(Charge.Query::node).thenComparing(Charge.Query::model))
        .forEach(c ->
            log.append(
                "query",
                round,
                fields(
                    "node", c.node().toString(),
                    "model", c.model(),
                    "queries", c.queries(),
                    "tokens", c.tokens())));
    each(charges, Charge.Peak.class, Comparator.comparing(Charge.Peak::node))
        .forEach(c ->
            log.append(
                "peak", round, fields("node", c.node().toString(), "bytes", c.nativeBytes())));
    write(log, visits);
    write(log, lost);
    write(log, metrics);
  }

  private static <C extends Charge> List<C> each(
      List<Charge> charges, Class<C> kind, Comparator<C> order) {
    return charges.stream().filter(kind::isInstance).map(kind::cast).sorted(order).toList();
  }

  private static void write(RunLog log, List<Line> lines) {
    lines.forEach(line -> log.append(line.kind(), line.round(), line.fields()));
  }
}
