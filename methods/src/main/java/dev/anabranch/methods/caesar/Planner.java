package dev.anabranch.methods.caesar;

import dev.anabranch.core.Coordinator;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Shard;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.core.VisitCost;
import dev.anabranch.core.Visits;
import dev.anabranch.methods.Noted;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/** The coordinator's orders of a round, and what it learns from how they went. */
record Planner(Caesar caesar) {
  private static final String LABELS = "labels";
  private static final String PROCESSED = "processed";

  /** Ratios and batch sizes of a cohort in round t, counted from 1. */
  TreeMap<NodeId, Order> orders(Coordinator<Noted> me, List<NodeId> cohort, Noted state, int t) {
    var ratios = caesar.ratios();
    var up = ratios.up(state.notes(), cohort);
    var down = new TreeMap<NodeId, Double>();
    var transfers = new TreeMap<NodeId, Double>();
    double bytes = state.global().data().byteSize();
    for (var device : cohort) {
      var profile = me.profile(device);
      down.put(device, ratios.down(state.notes(), device, t));
      transfers.put(
          device,
          (1 - down.getOrDefault(device, 0.0)) * bytes / profile.downBytesPerSecond()
              + (1 - up.getOrDefault(device, 0.0)) * bytes / profile.upBytesPerSecond());
    }
    int steps = caesar.training().steps();
    var batches = caesar.balance().batches(state.notes(), transfers, me::profile, steps);
    var out = new TreeMap<NodeId, Order>();
    for (var device : cohort) {
      out.put(
          device,
          new Order(
              down.getOrDefault(device, 0.0),
              up.getOrDefault(device, 0.0),
              batches.getOrDefault(device, caesar.training().batch())));
    }
    return out;
  }

  /** Notes how long visits took, and reports how long devices waited for the slowest. */
  void learn(
      Coordinator<Noted> me, Visits visits, Map<NodeId, Order> orders, Noted state, int round) {
    var costs = new TreeMap<NodeId, VisitCost>();
    orders.keySet().forEach(d -> visits.cost(d).ifPresent(cost -> costs.put(d, cost)));
    double longest = costs.values().stream().mapToDouble(VisitCost::seconds).max().orElse(0);
    double mean = costs.values().stream().mapToDouble(VisitCost::seconds).average().orElse(0);
    costs.forEach((device, cost) -> {
      double examples = state.notes().getOrDefault(PROCESSED + "/" + device, 1.0);
      Balance.note(state.notes(), device, me.profile(device), cost, (long) examples);
    });
    me.report(round, "idleSeconds", longest - mean);
    me.report(round, "downRatio", mean(orders, Order::down));
    me.report(round, "upRatio", mean(orders, Order::up));
    me.report(round, "batch", mean(orders, order -> order.batch()));
  }

  private static double mean(Map<NodeId, Order> orders, ToDoubleFunction<Order> of) {
    return orders.values().stream().mapToDouble(of).average().orElse(0);
  }

  /** What a device tells of its data and its work: examples by class, and how many it processed. */
  static TensorMap notes(Shard data, int classes, long processed) {
    float[] counts = new float[classes];
    for (int row = 0; row < data.size(); row++) {
      counts[data.label(row)]++;
    }
    var all = new TreeMap<String, Tensor>();
    all.put(LABELS, Tensor.of(counts, classes));
    all.put(PROCESSED, Tensor.of(new float[] {processed}, 1));
    return TensorMap.of(all);
  }

  /** What is wrong with an update and what it tells, if anything. */
  static Optional<String> mismatch(Update update, Noted state) {
    return update.mismatch(state.global().specs(), LABELS, PROCESSED);
  }

  /** Keeps in mind what a device told in round t. */
  static void note(Noted state, NodeId device, TensorMap told, int t) {
    Ratios.note(state.notes(), device, told.get(LABELS));
    state.notes().put(PROCESSED + "/" + device, (double) told.get(PROCESSED).get(0));
    state.notes().put("last/" + device, (double) t);
  }

  static Order of(Map<NodeId, Order> orders, NodeId device) {
    return Objects.requireNonNull(orders.get(device));
  }

  /** So many rows: all of them in a random order, again and again. */
  static int[] stream(int[] rows, int wanted, RandomGenerator random) {
    int[] out = new int[wanted];
    for (int from = 0; from < wanted; from += rows.length) {
      int[] order = rows.clone();
      Seeds.shuffle(order, random);
      System.arraycopy(order, 0, out, from, Math.min(rows.length, wanted - from));
    }
    return out;
  }
}
