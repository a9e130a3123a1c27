package dev.anabranch.methods.gossip;

import dev.anabranch.core.Device;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import dev.anabranch.parts.Graph;
import dev.anabranch.parts.Mixing;
import java.util.List;

/** How the single merging at the end is made. */
public sealed interface Merge {
  /** What an agent has after the merge among those present. */
  TensorMap apply(Device me, TensorMap own, List<NodeId> agents);

  /** A ring all-reduce: the mean, alike to the bit everywhere. */
  record AllReduce() implements Merge {
    @Override
    public TensorMap apply(Device me, TensorMap own, List<NodeId> agents) {
      return Exchange.allReduce(me, own, agents);
    }
  }

  /**
   * A few rounds of mixing over an exponential graph, for want of a way to all.
   *
   * @param times how many rounds
   * @param onePeer whether an agent meets one other a round, 1, 2, 4, … further on in turn: with m
   *     = 2^k agents, k rounds are the mean; otherwise all of them in every round
   */
  record Exponential(int times, boolean onePeer) implements Merge {
    @Override
    public TensorMap apply(Device me, TensorMap own, List<NodeId> agents) {
      int m = agents.size();
      int reach = Math.max(1, 32 - Integer.numberOfLeadingZeros(m - 1));
      var now = own;
      for (int j = 0; j < times; j++) {
        var w = onePeer ? Mixing.circulant(m, 1 << (j % reach)) : new Graph.Exponential().mixing(m);
        now = Exchange.mix(me, now, w, agents).variables();
      }
      return now;
    }
  }

  /** Agents stay apart. */
  record None() implements Merge {
    @Override
    public TensorMap apply(Device me, TensorMap own, List<NodeId> agents) {
      return own;
    }
  }

  Knob.Int TIMES = new Knob.Int("times", 5, 1, 1000, "rounds of mixing");
  Knob.Flag ONE_PEER =
      new Knob.Flag("onePeer", false, "one other a round, 1, 2, 4, … further on in turn");

  /** What a plan can choose. */
  List<Kind<? extends Merge>> KINDS =
      List.of(
          Kind.of("all-reduce", "the mean over all, by a ring", List.of(), s -> new AllReduce()),
          Kind.of(
              "exponential",
              "a few rounds over an exponential graph",
              List.of(TIMES, ONE_PEER),
              s -> new Exponential(s.integer(TIMES), s.flag(ONE_PEER))),
          Kind.of("none", "agents stay apart", List.of(), s -> new None()));

  /** The knob that chooses one. */
  static Knob.OneOf knob() {
    return new Knob.OneOf("merge", "all-reduce", KINDS, "how all are merged after the last round");
  }
}
