package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Folklore;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** The same links in every round. */
@Folklore("graphs of decentralised averaging")
public sealed interface Graph extends Topology {
  String name();

  /** W of every round. */
  Mixing mixing(int agents);

  @Override
  default Mixing mixing(int agents, RandomGenerator common) {
    return mixing(agents);
  }

  @Override
  default void require(int agents) {
    Topology.requireConnected(name(), mixing(agents));
  }

  /** The mean over oneself, the left and the right neighbour: 1/3 each. */
  record Ring() implements Graph {
    @Override
    public String name() {
      return "ring";
    }

    @Override
    public Mixing mixing(int agents) {
      return Mixing.circulant(agents, -1, 1);
    }
  }

  /** The mean over oneself and the agents 1, 2, 4, 8, … further on. */
  record Exponential() implements Graph {
    @Override
    public String name() {
      return "exponential";
    }

    @Override
    public Mixing mixing(int agents) {
      return Mixing.circulant(agents, IntStream.iterate(1, x -> x < agents, x -> 2 * x).toArray());
    }
  }

  /** The mean over all: everybody sends to everybody. */
  record Complete() implements Graph {
    @Override
    public String name() {
      return "complete";
    }

    @Override
    public Mixing mixing(int agents) {
      return Mixing.circulant(agents, IntStream.range(1, agents).toArray());
    }
  }

  /**
   * Named links, each both ways, with Metropolis-Hastings weights {@code 1 / (1 + max(degrees))}:
   * doubly stochastic.
   *
   * @param edges pairs such as {@code 0-1}
   */
  record Edges(List<String> edges) implements Graph {
    public Edges {
      edges = List.copyOf(edges);
    }

    @Override
    public String name() {
      return "topology.edges";
    }

    @Override
    public Mixing mixing(int agents) {
      var pairs = new ArrayList<int[]>();
      var degrees = new int[agents];
      var linked = new boolean[agents][agents];
      for (var edge : edges) {
        int[] pair = pair(edge, agents);
        if (!linked[pair[0]][pair[1]]) {
          linked[pair[0]][pair[1]] = true;
          linked[pair[1]][pair[0]] = true;
          pairs.add(pair);
          degrees[pair[0]]++;
          degrees[pair[1]]++;
        }
      }
      var rows = new double[agents][agents];
      IntStream.range(0, agents).forEach(k -> rows[k][k] = 1);
      for (int[] p : pairs) {
        double weight = 1.0 / (1 + Math.max(degrees[p[0]], degrees[p[1]]));
        for (int side = 0; side < 2; side++) {
          rows[p[side]][p[1 - side]] = weight;
          rows[p[side]][p[side]] -= weight;
        }
      }
      IntStream.range(0, agents).forEach(k -> rows[k][k] = Math.max(0, rows[k][k]));
      return Mixing.of(name(), rows);
    }

    private int[] pair(String edge, int agents) {
      boolean formed = edge.matches("\\d{1,9}-\\d{1,9}");
      Check.that(formed, name(), edge, "two devices, such as 0-1");
      var ends = edge.split("-", 2);
      int[] pair = {Integer.parseInt(ends[0]), Integer.parseInt(ends[1])};
      Check.that(
          pair[0] < agents && pair[1] < agents && pair[0] != pair[1],
          name(),
          edge,
          "two of device 0 to device " + (agents - 1));
      return pair;
    }
  }

  /**
   * A matrix written out.
   *
   * @param rows of numbers, separated by spaces or commas
   */
  record Given(List<String> rows) implements Graph {
    public Given {
      rows = List.copyOf(rows);
    }

    @Override
    public String name() {
      return "topology.matrix";
    }

    @Override
    public Mixing mixing(int agents) {
      Check.that(
          rows.size() == agents, name() + ".rows", rows.size(), agents + ", one for each device");
      return Mixing.of(name(), rows.stream().map(this::numbers).toArray(double[][]::new));
    }

    private double[] numbers(String row) {
      var words = row.strip().split("[,\\s]+", -1);
      var out = new double[words.length];
      for (int i = 0; i < out.length; i++) {
        try {
          out[i] = Double.parseDouble(words[i]);
        } catch (NumberFormatException e) {
          Check.that(false, name() + ".rows", row, "numbers, such as 0.5 0.5 0");
        }
      }
      return out;
    }
  }
}
