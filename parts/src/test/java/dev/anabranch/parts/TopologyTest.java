package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Seeds;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class TopologyTest {
  private static double[][] matrix(Mixing w) {
    var out = new double[w.agents()][w.agents()];
    for (int k = 0; k < w.agents(); k++) {
      for (int l = 0; l < w.agents(); l++) {
        out[k][l] = w.weight(k, l);
      }
    }
    return out;
  }

  private static double[][] times(double[][] a, double[][] b) {
    int m = a.length;
    var out = new double[m][m];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < m; j++) {
        for (int k = 0; k < m; k++) {
          out[i][j] += a[i][k] * b[k][j];
        }
      }
    }
    return out;
  }

  private static boolean isMean(double[][] w) {
    return IntStream.range(0, w.length)
        .allMatch(k ->
            IntStream.range(0, w.length).allMatch(l -> Math.abs(w[k][l] - 1.0 / w.length) < 1e-12));
  }

  @Property(tries = 100)
  void matching_isDoublyStochastic(
      @ForAll @IntRange(min = 2, max = 17) int agents,
      @ForAll @DoubleRange(min = 0.05, max = 1) double share,
      @ForAll long seed) {
    var random =
        new RandomPeers(share * (agents - 1), RandomPeers.Mode.MATCHING, new Graph.Complete());
    random.require(agents);
    var w = random.mixing(agents, Seeds.stream(seed, "test"));
    assertThat(w.doublyStochastic()).isTrue();
    for (int k = 0; k < agents; k++) {
      assertThat(w.sources(k)).containsExactly(w.targets(k));
    }
  }

  @Property(tries = 100)
  void pull_isRowStochasticAndMeetsAsManyAsAsked(
      @ForAll @IntRange(min = 2, max = 17) int agents,
      @ForAll @IntRange(min = 0, max = 16) int whole,
      @ForAll long seed) {
    int rate = Math.min(Math.max(1, whole), agents - 1);
    var w =
        new RandomPeers(rate, RandomPeers.Mode.PULL, new Graph.Complete())
            .mixing(agents, Seeds.stream(seed, "test"));
    for (int k = 0; k < agents; k++) {
      assertThat(w.sources(k)).hasSize(rate);
      assertThat(w.weight(k, k)).isCloseTo(1.0 / (1 + rate), within(1e-12));
    }
  }

  @Test
  void rate_isMetInTheMean() {
    for (var mode : RandomPeers.Mode.values()) {
      var random = new RandomPeers(0.2, mode, new Graph.Complete());
      long met = 0;
      for (int round = 0; round < 500; round++) {
        var w = random.mixing(16, Seeds.stream(1, round));
        met += IntStream.range(0, 16).map(k -> w.sources(k).length).sum();
      }
      assertThat(met / (500.0 * 16)).as(mode.name()).isCloseTo(0.2, within(0.02));
    }
  }

  @Test
  void everybody_isTheMean() {
    assertThat(isMean(matrix(new Graph.Complete().mixing(7)))).isTrue();
    for (var mode : RandomPeers.Mode.values()) {
      for (int agents : new int[] {6, 7}) {
        var w =
            new RandomPeers(agents - 1, mode, new Graph.Complete())
                .mixing(agents, Seeds.stream(3, "test"));
        assertThat(isMean(matrix(w))).isTrue();
      }
    }
  }

  @Test
  void onePeerExponential_isTheMeanAfterLogarithmicallyManyRounds() {
    int agents = 16;
    var product = matrix(Mixing.identity(agents));
    for (int j = 0; j < 4; j++) {
      assertThat(isMean(product)).isFalse();
      product = times(matrix(Mixing.circulant(agents, 1 << j)), product);
    }
    assertThat(isMean(product)).isTrue();
    assertThat(isMean(matrix(new Graph.Exponential().mixing(agents)))).isFalse();
  }

  @Test
  void neighbours_areThoseOfTheGraph() {
    assertThat(new Graph.Ring().mixing(5).sources(0)).containsExactly(1, 4);
    assertThat(new Graph.Ring().mixing(5).weight(0, 4)).isEqualTo(1.0 / 3);
    assertThat(new Graph.Ring().mixing(2).weight(0, 1)).isEqualTo(0.5);
    assertThat(new Graph.Exponential().mixing(16).sources(15)).containsExactly(0, 1, 3, 7);
    assertThat(new Graph.Exponential().mixing(16).weight(15, 7)).isEqualTo(0.2);
    assertThat(new Graph.Edges(List.of("0-1", "1-2")).mixing(3).doublyStochastic()).isTrue();
    var near = new RandomPeers(1, RandomPeers.Mode.PULL, new Graph.Ring());
    assertThat(near.mixing(9, Seeds.stream(1, "a")).sources(4)[0]).isIn(3, 5);
  }

  @Test
  void absent_leaveTheirWeightToThoseWhoWouldHaveMixed() {
    var w = new Graph.Ring().mixing(4).among(new boolean[] {true, false, true, true});
    assertThat(w.doublyStochastic()).isTrue();
    assertThat(w.weight(0, 0)).isEqualTo(2.0 / 3);
    assertThat(w.sources(0)).containsExactly(3);
    assertThat(w.targets(1)).isEmpty();
  }

  @Test
  void unconnectedGraph_isRefused() {
    assertThatThrownBy(() -> new Graph.Edges(List.of("0-1", "2-3")).require(4))
        .hasMessage(
            "topology.edges: not connected among 4 devices (expected: a way from every device to"
                + " every other; add edges)");
    assertThatThrownBy(() -> new Graph.Given(List.of("1 0", "0.5 0.5")).require(2))
        .hasMessageStartingWith("topology.matrix: not connected among 2 devices");
    new Graph.Ring().require(1);
  }

  @Test
  void matrixThatIsNotStochastic_isRefused() {
    assertThatThrownBy(() -> new Graph.Given(List.of("0.5 0.4", "0 1")).require(2))
        .hasMessage(
            "topology.matrix: row 0 sums to: 0.9 (expected: 1: a mixing matrix is stochastic)");
    assertThatThrownBy(() -> new Graph.Given(List.of("1.5 -0.5", "0 1")).require(2))
        .hasMessage(
            "topology.matrix: weight in row 0: 1.5 (expected: 0 to 1: a mixing matrix is"
                + " stochastic)");
    assertThatThrownBy(() -> new Graph.Given(List.of("NaN 1", "0 1")).require(2))
        .hasMessageStartingWith("topology.matrix: weight in row 0: NaN (expected: 0 to 1");
    assertThatThrownBy(() -> new Graph.Given(List.of("1", "0 1")).require(2))
        .hasMessage("topology.matrix: row 0: 1 number (expected: 2, one for each agent)");
    assertThatThrownBy(() -> new Graph.Given(List.of("1 0")).require(2))
        .hasMessage("topology.matrix.rows: 1 (expected: 2, one for each device)");
    assertThatThrownBy(() -> new Graph.Given(List.of("1 x", "0 1")).require(2))
        .hasMessage("topology.matrix.rows: 1 x (expected: numbers, such as 0.5 0.5 0)");
  }

  @Test
  void linkThatIsNone_isRefused() {
    assertThatThrownBy(() -> new Graph.Edges(List.of("0-9")).require(4))
        .hasMessage("topology.edges: 0-9 (expected: two of device 0 to device 3)");
    assertThatThrownBy(() -> new Graph.Edges(List.of("one")).require(4))
        .hasMessage("topology.edges: one (expected: two devices, such as 0-1)");
  }

  @Test
  void rateOutOfReach_isRefused() {
    var many = new RandomPeers(9, RandomPeers.Mode.PULL, new Graph.Complete());
    assertThatThrownBy(() -> many.require(4))
        .hasMessage("topology.random.rate: 9.0 (expected: at most 3, the other devices)");
    assertThatThrownBy(() -> many.with(0))
        .hasMessage(
            "topology.random.rate: 0.0 (expected: above 0; communication: none keeps silent)");
    assertThatThrownBy(() -> new RandomPeers(1, RandomPeers.Mode.MATCHING, new Graph.Ring()))
        .hasMessage("topology.random.base: ring (expected: complete, where agents meet in pairs)");
  }
}
