package dev.anabranch.methods.gossip;

import dev.anabranch.core.NodeId;
import dev.anabranch.core.Replies;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.parts.RandomPeers;
import dev.anabranch.parts.Topology;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who is here in a round, and the few numbers that an adaptive schedule is led by: all that the
 * coordinator hears and says.
 *
 * @param present in device order
 * @param loss their mean training loss
 * @param distance mean squared distance of agents that met in the round before; below 0: nobody did
 */
record RollCall(List<NodeId> present, double loss, double distance) {
  private static final List<TensorSpec> WORD = List.of(TensorSpec.of("word", 2));

  /** Counts the words of the agents. */
  static RollCall of(Replies<TensorMap> words) {
    var present = new ArrayList<NodeId>();
    double loss = 0;
    double distance = 0;
    int met = 0;
    for (var reply : words.checked(word -> word.difference(WORD))) {
      present.add(reply.from());
      var word = reply.message().get("word");
      loss += word.get(0);
      if (word.get(1) >= 0) {
        distance += word.get(1);
        met++;
      }
    }
    return new RollCall(present, loss / present.size(), met == 0 ? -1 : distance / met);
  }

  /** An agent's word: its training loss and how far it was from those whom it met. */
  static TensorMap word(double loss, Optional<TensorMap> distance) {
    float far = distance.map(d -> d.data().getAtIndex(Tensor.FLOAT, 0)).orElse(-1f);
    return TensorMap.of(Map.of("word", Tensor.of(new float[] {(float) loss, far}, 2)));
  }

  /** One number with a name. */
  static TensorMap number(String name, double value) {
    return TensorMap.of(Map.of(name, Tensor.of(new float[] {(float) value}, 1)));
  }

  /** What goes to all: a flag for each device, 1 if it is here; and the rate. */
  TensorMap roll(List<NodeId> agents, TensorMap sight) {
    float[] here = new float[agents.size()];
    for (int i = 0; i < here.length; i++) {
      here[i] = present.contains(agents.get(i)) ? 1 : 0;
    }
    var out = new LinkedHashMap<String, Tensor>();
    out.put("here", Tensor.of(here, here.length));
    out.put("rate", Tensor.of(new float[] {sight.get("sight").get(0)}, 1));
    return TensorMap.of(out);
  }

  /** All devices of a roll. */
  static List<NodeId> enrolled(TensorMap roll) {
    return java.util.stream.IntStream.range(0, (int) roll.get("here").elements())
        .mapToObj(NodeId::device)
        .toList();
  }

  /** Those of a roll that are here. */
  static List<NodeId> present(TensorMap roll) {
    var here = roll.get("here");
    return enrolled(roll).stream().filter(d -> here.get(d.index()) == 1).toList();
  }

  static boolean[] flags(List<NodeId> all, List<NodeId> present) {
    boolean[] out = new boolean[all.size()];
    present.forEach(p -> out[p.index()] = true);
    return out;
  }

  /** The plan's topology, at the roll's rate if the schedule sets it. */
  static Topology rated(Topology topology, Communication schedule, TensorMap roll) {
    return schedule instanceof Communication.Adaptive && topology instanceof RandomPeers random
        ? random.with(roll.get("rate").get(0))
        : topology;
  }

  /** The rate that a plan gives. */
  static double least(Topology topology) {
    return topology instanceof RandomPeers random ? random.rate() : 0;
  }

  static TensorMap sight(Communication.Adaptive.Sight sight) {
    float[] values = {(float) sight.rate(), (float) sight.loss(), (float) sight.gain()};
    return TensorMap.of(Map.of("sight", Tensor.of(values, 3)));
  }

  /** What an adaptive schedule sees after this call. */
  TensorMap next(
      Communication.Adaptive schedule,
      TensorMap sight,
      int round,
      int rounds,
      Topology topology,
      int agents) {
    var before = sight.get("sight");
    // Two agents drawn at random are 2 m / (m - 1) times the squared consensus distance apart.
    double consensus = distance < 0 ? -1 : distance * (agents - 1) / (2.0 * agents);
    return sight(
        schedule.next(
            new Communication.Adaptive.Sight(before.get(0), before.get(1), before.get(2)),
            loss,
            consensus,
            round,
            rounds,
            least(topology),
            agents - 1));
  }
}
