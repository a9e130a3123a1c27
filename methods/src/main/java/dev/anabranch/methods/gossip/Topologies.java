package dev.anabranch.methods.gossip;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import dev.anabranch.parts.Graph;
import dev.anabranch.parts.RandomPeers;
import dev.anabranch.parts.Topology;
import java.util.List;
import java.util.Locale;

/** What a plan can choose as a topology. */
final class Topologies {
  private static final Knob.Real RATE =
      new Knob.Real(
          "rate", 0.2, 0, 1e6, "others met a round, in the mean; below 1 it is a probability");
  private static final Knob.Choice MODE =
      new Knob.Choice(
          "mode",
          "pull",
          List.of("pull", "matching"),
          "receive only (rows sum to one), or exchange in pairs (columns too)");
  private static final Knob.Choice BASE =
      new Knob.Choice(
          "base",
          "complete",
          List.of("complete", "exponential", "ring"),
          "from whose neighbours peers are drawn");
  private static final Knob.Words EDGES =
      new Knob.Words("links", List.of(), "pairs of devices, such as 0-1");
  private static final Knob.Words ROWS =
      new Knob.Words("rows", List.of(), "one text of numbers for each device");

  static final List<Kind<? extends Topology>> KINDS =
      List.of(
          Kind.of("ring", "oneself, left and right: 1/3 each", List.of(), s -> new Graph.Ring()),
          Kind.of(
              "exponential",
              "oneself and those 1, 2, 4, 8, … further on",
              List.of(),
              s -> new Graph.Exponential()),
          Kind.of("complete", "everybody sends to everybody", List.of(), s -> new Graph.Complete()),
          Kind.of(
              "random", "some others, drawn each round", List.of(RATE, MODE, BASE), s -> random(s)),
          Kind.of(
              "edges",
              "named links with Metropolis-Hastings weights",
              List.of(EDGES),
              s -> new Graph.Edges(s.words(EDGES))),
          Kind.of(
              "matrix",
              "a mixing matrix written out",
              List.of(ROWS),
              s -> new Graph.Given(s.words(ROWS))));

  private Topologies() {}

  /** The knob that chooses one. */
  static Knob.OneOf knob() {
    return new Knob.OneOf("topology", "random", KINDS, "who mixes with whom");
  }

  private static RandomPeers random(Settings s) {
    return new RandomPeers(
        s.real(RATE),
        RandomPeers.Mode.valueOf(s.choice(MODE).toUpperCase(Locale.ROOT)),
        switch (s.choice(BASE)) {
          case "ring" -> new Graph.Ring();
          case "exponential" -> new Graph.Exponential();
          default -> new Graph.Complete();
        });
  }
}
