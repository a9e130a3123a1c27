package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Seeds;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Every agent meets {@code rate} random others a round, in the mean: below 1, one other with that
 * probability. PULL is what the authors' program does: each agent draws whom it receives from, rows
 * sum to one, columns need not, and the mean over the agents wanders. MATCHING is what the paper
 * assumes: agents meet in pairs and exchange, so that W is doubly stochastic and the mean stays.
 *
 * <p>Pairs are those of a tournament with shuffled names: disjoint in all its rounds, so that a
 * rate of m − 1 is the complete mean.
 *
 * @param rate R, above 0 and at most the number of other agents
 * @param base from whose neighbours peers are drawn with PULL, such as exponential + random
 */
@Paper(
    title = "On the Surprising Effectiveness of a Single Global Merging in Decentralized Learning",
    url = "https://arxiv.org/abs/2507.06542")
public record RandomPeers(double rate, Mode mode, Graph base) implements Topology {
  /** How agents meet. */
  public enum Mode {
    PULL,
    MATCHING
  }

  public RandomPeers {
    Check.that(rate > 0, "topology.random.rate", rate, "above 0; communication: none keeps silent");
    Check.that(
        mode == Mode.PULL || base instanceof Graph.Complete,
        "topology.random.base",
        base.name(),
        "complete, where agents meet in pairs");
  }

  /** The same with another rate. */
  public RandomPeers with(double other) {
    return new RandomPeers(other, mode, base);
  }

  @Override
  public void require(int agents) {
    base.require(agents);
    Check.that(
        rate <= agents - 1,
        "topology.random.rate",
        rate,
        "at most " + (agents - 1) + ", the other devices");
  }

  @Override
  public Mixing mixing(int agents, RandomGenerator common) {
    int whole = (int) Math.floor(rate);
    double rest = rate - whole;
    return mode == Mode.PULL
        ? pull(agents, whole, rest, common)
        : match(agents, whole, rest, common);
  }

  private Mixing pull(int agents, int whole, double rest, RandomGenerator common) {
    var candidates = base.mixing(agents);
    var rows = new double[agents][agents];
    for (int k = 0; k < agents; k++) {
      int[] peers = candidates.sources(k);
      Seeds.shuffle(peers, common);
      int n = Math.min(peers.length, whole + (common.nextDouble() < rest ? 1 : 0));
      rows[k][k] = 1;
      for (int i = 0; i < n; i++) {
        rows[k][peers[i]] = 1;
      }
      Mixing.uniform(rows[k]);
    }
    return Mixing.of("random peers", rows);
  }

  private Mixing match(int agents, int whole, double rest, RandomGenerator common) {
    if (rate >= agents - 1) {
      return base.mixing(agents);
    }
    int[] names = IntStream.range(0, agents).toArray();
    Seeds.shuffle(names, common);
    int seats = agents + agents % 2;
    int[] turns = IntStream.range(0, seats - 1).toArray();
    Seeds.shuffle(turns, common);
    var rows = new double[agents][agents];
    double share = 1.0 / (1 + whole + (rest > 0 ? 1 : 0));
    for (int i = 0; i < Math.min(turns.length, whole + 1); i++) {
      for (int seat = 0; seat < seats; seat++) {
        int other = opponent(seat, turns[i], seats);
        if (seat < other && other < agents && (i < whole || common.nextDouble() < rest)) {
          rows[names[seat]][names[other]] += share;
          rows[names[other]][names[seat]] += share;
        }
      }
    }
    for (int k = 0; k < agents; k++) {
      rows[k][k] = Math.max(0, 1 - Arrays.stream(rows[k]).sum());
    }
    return Mixing.of("random peers", rows);
  }

  /** Whom a seat meets in a turn of a round-robin tournament; the last seat stays where it is. */
  private static int opponent(int seat, int turn, int seats) {
    int n = seats - 1;
    if (seat == n) {
      return Math.floorMod(turn * (long) ((n + 1) / 2), n);
    }
    int other = Math.floorMod(turn - seat, n);
    return other == seat ? n : other;
  }
}
