package dev.anabranch.core;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The ledger of a run, in memory. Charges of equal parties, round and name are kept as their sum, a
 * peak as the largest; rounds that are settled are kept as totals only, so that a long run does not
 * grow. Thread-safe.
 */
public final class Books implements Ledger {
  /** No charges at all. */
  public static final Totals NOTHING =
      new Totals(0, 0, 0, 0, 0, new TreeMap<>(), new TreeMap<>(), new TreeMap<>());

  private record Key(Class<?> kind, NodeId from, NodeId to, String name, int round) {}

  private final Map<Key, Charge> open = new LinkedHashMap<>();
  private Totals settled;

  public Books() {
    this(NOTHING);
  }

  /**
   * @param settled what earlier rounds cost, for a run that goes on
   */
  public Books(Totals settled) {
    this.settled = settled;
  }

  @Override
  public synchronized void charge(Charge charge) {
    open.merge(key(charge), charge, Books::join);
  }

  private static Key key(Charge charge) {
    return switch (charge) {
      case Charge.Wire w -> new Key(Charge.Wire.class, w.from(), w.to(), w.topic(), w.round());
      case Charge.Install i -> new Key(Charge.Install.class, i.node(), i.node(), "", i.round());
      case Charge.Compute c ->
          new Key(Charge.Compute.class, c.node(), c.node(), c.work(), c.round());
      case Charge.Query q -> new Key(Charge.Query.class, q.node(), q.node(), q.model(), q.round());
      case Charge.Peak p -> new Key(Charge.Peak.class, p.node(), p.node(), "", p.round());
    };
  }

  private static Charge join(Charge a, Charge b) {
    return switch (a) {
      case Charge.Wire w -> {
        var v = (Charge.Wire) b;
        yield new Charge.Wire(
            w.from(),
            w.to(),
            w.topic(),
            w.round(),
            w.payloadBytes() + v.payloadBytes(),
            w.framingBytes() + v.framingBytes());
      }
      case Charge.Install i ->
          new Charge.Install(i.node(), i.round(), i.bytes() + ((Charge.Install) b).bytes());
      case Charge.Compute c -> {
        var d = (Charge.Compute) b;
        yield new Charge.Compute(
            c.node(), c.round(), c.work(), c.nanos() + d.nanos(), c.macs() + d.macs());
      }
      case Charge.Query q -> {
        var r = (Charge.Query) b;
        yield new Charge.Query(
            q.node(), q.round(), q.model(), q.queries() + r.queries(), q.tokens() + r.tokens());
      }
      case Charge.Peak p ->
          new Charge.Peak(
              p.node(), p.round(), Math.max(p.nativeBytes(), ((Charge.Peak) b).nativeBytes()));
    };
  }

  /** Sums over the charges of rounds that are not settled. */
  @Override
  public synchronized Totals totals(Predicate<Charge> which) {
    return sum(open.values().stream().filter(which).toList());
  }

  /** Sums over everything, settled rounds included. */
  public synchronized Totals totals() {
    return plus(settled, sum(List.copyOf(open.values())));
  }

  /** The charges that are not settled, in no particular order. */
  public synchronized List<Charge> charges() {
    return List.copyOf(open.values());
  }

  /** Keeps what has been charged so far as totals only. */
  public synchronized void settle() {
    settled = totals();
    open.clear();
  }

  /** Sums over some charges. A message between two devices counts once, as sent. */
  public static Totals sum(Iterable<? extends Charge> charges) {
    long setup = 0;
    long down = 0;
    long up = 0;
    long backbone = 0;
    long framing = 0;
    long queries = 0;
    long queryTokens = 0;
    var byTopic = new TreeMap<String, Long>();
    var macs = new TreeMap<NodeId, Long>();
    var peaks = new TreeMap<NodeId, Long>();
    for (var charge : charges) {
      switch (charge) {
        case Charge.Install i -> setup += i.bytes();
        case Charge.Compute c -> macs.merge(c.node(), c.macs(), Long::sum);
        case Charge.Query q -> {
          queries += q.queries();
          queryTokens += q.tokens();
        }
        case Charge.Peak p -> peaks.merge(p.node(), p.nativeBytes(), Math::max);
        case Charge.Wire w -> {
          boolean fromDevice = w.from().role() == NodeId.Role.DEVICE;
          boolean toDevice = w.to().role() == NodeId.Role.DEVICE;
          if (fromDevice || toDevice) {
            up += fromDevice ? w.payloadBytes() : 0;
            down += fromDevice ? 0 : w.payloadBytes();
            framing += w.framingBytes();
            byTopic.merge(w.topic(), w.payloadBytes(), Long::sum);
          } else {
            backbone += w.payloadBytes();
          }
        }
      }
    }
    return new Totals(
        setup, down, up, backbone, framing, byTopic, macs, peaks, queries, queryTokens);
  }

  /** Both together: sums of bytes and work, the larger of peaks. */
  public static Totals plus(Totals a, Totals b) {
    var byTopic = new TreeMap<>(a.byTopic());
    b.byTopic().forEach((topic, bytes) -> byTopic.merge(topic, bytes, Long::sum));
    var macs = new TreeMap<>(a.macs());
    b.macs().forEach((node, n) -> macs.merge(node, n, Long::sum));
    var peaks = new TreeMap<>(a.peaks());
    b.peaks().forEach((node, n) -> peaks.merge(node, n, Math::max));
    return new Totals(
        a.setup() + b.setup(),
        a.down() + b.down(),
        a.up() + b.up(),
        a.backbone() + b.backbone(),
        a.framing() + b.framing(),
        byTopic,
        macs,
        peaks,
        a.queries() + b.queries(),
        a.queryTokens() + b.queryTokens());
  }

  /** Totals as text, for the notes of a checkpoint. */
  public static Map<String, String> write(Totals totals) {
    var out = new TreeMap<String, String>();
    out.put("setup", Long.toString(totals.setup()));
    out.put("down", Long.toString(totals.down()));
    out.put("up", Long.toString(totals.up()));
    out.put("backbone", Long.toString(totals.backbone()));
    out.put("framing", Long.toString(totals.framing()));
    out.put("queries", Long.toString(totals.queries()));
    out.put("queryTokens", Long.toString(totals.queryTokens()));
    totals.byTopic().forEach((topic, n) -> out.put("topic " + topic, Long.toString(n)));
    totals.macs().forEach((node, n) -> out.put("macs " + node, Long.toString(n)));
    totals.peaks().forEach((node, n) -> out.put("peak " + node, Long.toString(n)));
    return out;
  }

  /** The inverse of {@link #write}; other keys are ignored. */
  public static Totals read(Map<String, String> notes) {
    var byTopic = new TreeMap<String, Long>();
    var macs = new TreeMap<NodeId, Long>();
    var peaks = new TreeMap<NodeId, Long>();
    for (var e : new ArrayList<>(notes.entrySet())) {
      int space = e.getKey().indexOf(' ');
      if (space < 0) {
        continue;
      }
      var rest = e.getKey().substring(space + 1);
      switch (e.getKey().substring(0, space)) {
        case "topic" -> byTopic.put(rest, Long.valueOf(e.getValue()));
        case "macs" -> macs.put(NodeId.parse(rest), Long.valueOf(e.getValue()));
        case "peak" -> peaks.put(NodeId.parse(rest), Long.valueOf(e.getValue()));
        default -> {}
      }
    }
    return new Totals(
        number(notes, "setup"),
        number(notes, "down"),
        number(notes, "up"),
        number(notes, "backbone"),
        number(notes, "framing"),
        byTopic,
        macs,
        peaks,
        number(notes, "queries"),
        number(notes, "queryTokens"));
  }

  private static long number(Map<String, String> notes, String key) {
    return Long.parseLong(notes.getOrDefault(key, "0"));
  }
}
