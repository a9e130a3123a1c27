package dev.anabranch.methods.gossip;

import dev.anabranch.core.Codecs;
import dev.anabranch.core.Device;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Topic;
import dev.anabranch.core.TreeMean;
import dev.anabranch.parts.Mixing;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * How agents exchange variables over the links between them: all post before any receives, so that
 * nobody waits for somebody who waits.
 */
final class Exchange {
  /** Variables, or a piece of them, from one agent to another. */
  static final Topic<TensorMap> VARIABLES = new Topic<>("variables", Codecs.TENSORS);

  private Exchange() {}

  /**
   * What an agent has after an exchange.
   *
   * @param distance mean of ‖θ_k − θ_l‖² over those from whom something came; below 0 if nothing
   *     did
   */
  record Mixed(TensorMap variables, double distance) {}

  /**
   * θ_k ← Σ_l W[k][l] θ_l, in double and in the order of the agents. Who is lost on the way, or
   * sends what is not finite, is left out, and the other weights make up for it.
   *
   * @param agents in the order of W's rows
   */
  static Mixed mix(Device me, TensorMap own, Mixing w, List<NodeId> agents) {
    int k = agents.indexOf(me.id());
    for (int target : w.targets(k)) {
      me.link(agents.get(target)).post(VARIABLES, own);
    }
    var fold = new TreeMean().start(own);
    double distance = 0;
    int came = 0;
    for (int l = 0; l < w.agents(); l++) {
      if (l == k && own.isFinite()) {
        fold.add(me.id(), own, w.weight(k, k));
      } else if (l != k && w.weight(k, l) > 0) {
        try (var theirs = me.link(agents.get(l)).receive(VARIABLES)) {
          if (theirs.isFinite()) {
            fold.add(agents.get(l), theirs, w.weight(k, l));
            distance += squaredDistance(own, theirs);
            came++;
          }
        } catch (LinkLostException e) {
          continue; // the agent went away after it had said that it is here
        }
      }
    }
    return came == 0 ? new Mixed(own, -1) : new Mixed(fold.finish(), distance / came);
  }

  /** ‖a − b‖². */
  static double squaredDistance(TensorMap a, TensorMap b) {
    try (var difference = a.minus(b)) {
      double norm = difference.norm();
      return norm * norm;
    }
  }

  /**
   * The mean over all, alike to the bit everywhere: a ring all-reduce. Each agent's variables are
   * cut into m pieces; in m − 1 steps a piece goes round and is added to, in m − 1 more the sums go
   * round: 2 (m − 1) / m of the variables for each agent.
   */
  static TensorMap allReduce(Device me, TensorMap own, List<NodeId> agents) {
    int m = agents.size();
    int k = agents.indexOf(me.id());
    if (m == 1) {
      return own;
    }
    var right = me.link(agents.get((k + 1) % m));
    var left = me.link(agents.get((k + m - 1) % m));
    var sum = own.copy();
    for (int step = 0; step < 2 * (m - 1); step++) {
      boolean adding = step < m - 1;
      var out = piece(sum, k - step + (adding ? 0 : m), m);
      var in = piece(sum, k - step - 1 + (adding ? 0 : m), m);
      if (out.elements() > 0) {
        right.post(VARIABLES, out);
      }
      if (in.elements() > 0) {
        try (var theirs = left.receive(VARIABLES)) {
          take(in, theirs, adding, step == m - 2 ? 1.0 / m : 1);
        }
      }
    }
    return sum;
  }

  /** The piece with this number, modulo m, as a view. */
  private static TensorMap piece(TensorMap whole, int number, int m) {
    long at = Math.floorMod(number, m);
    long from = whole.elements() * at / m;
    long until = whole.elements() * (at + 1) / m;
    return TensorMap.view(
        List.of(TensorSpec.of("piece " + at, until - from)),
        whole.data().asSlice(from * Float.BYTES, (until - from) * Float.BYTES),
        whole);
  }

  private static void take(TensorMap here, TensorMap theirs, boolean adding, double scale) {
    theirs.requireSame(here);
    if (!adding) {
      MemorySegment.copy(theirs.data(), 0, here.data(), 0, here.data().byteSize());
      return;
    }
    for (long i = 0; i < here.elements(); i++) {
      double sum =
          (double) here.data().getAtIndex(Tensor.FLOAT, i)
              + theirs.data().getAtIndex(Tensor.FLOAT, i);
      here.data().setAtIndex(Tensor.FLOAT, i, (float) (scale * sum));
    }
  }
}
