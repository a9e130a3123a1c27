package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionersTest {
  private static final int[] LABELS = labels(600, 300, 90, 10);

  private static int[] labels(int... counts) {
    int[] out =
        IntStream.range(0, counts.length)
            .flatMap(c -> IntStream.generate(() -> c).limit(counts[c]))
            .toArray();
    Seeds.shuffle(out, Seeds.stream(7, "labels"));
    return out;
  }

  private static Partitioner make(String name, Map<String, Object> settings) {
    var knob = new Knob.OneOf("partition", "iid", Partitioners.KINDS, "");
    return Settings.read("data", List.of(knob), Map.of("partition", Map.of(name, settings)))
        .make(knob, Partitioner.class);
  }

  private static List<int[]> split(Partitioner partitioner, int[] labels, long seed) {
    List<@Nullable String> owners = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      owners.add("author " + i % 13);
    }
    return partitioner.split(labels, owners, Seeds.stream(seed, "partition"));
  }

  private static int[] counts(int[] part, int[] labels) {
    int[] out = new int[Arrays.stream(labels).max().orElse(-1) + 1];
    for (int i : part) {
      out[labels[i]]++;
    }
    return out;
  }

  private static int smallest(List<int[]> parts) {
    return parts.stream().mapToInt(p -> p.length).min().orElse(0);
  }

  private static int largest(List<int[]> parts) {
    return parts.stream().mapToInt(p -> p.length).max().orElse(0);
  }

  private static void assertSplit(List<int[]> parts, int n) {
    assertThat(parts).allSatisfy(p -> assertThat(p).isSorted().isNotEmpty());
    assertThat(parts.stream().flatMapToInt(Arrays::stream).sorted().toArray())
        .doesNotHaveDuplicates()
        .hasSize(n);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void everyKind_isDisjointCompleteAndDecidedByTheSeed(long seed) {
    Map<String, Object> ten = Map.of("devices", 10);
    for (var kind : Partitioners.KINDS) {
      boolean dealsToMany = kind.knobs().stream().anyMatch(k -> k.name().equals("devices"));
      var partitioner = make(kind.name(), dealsToMany ? ten : Map.of());
      var parts = split(partitioner, LABELS, seed);
      int n = parts.stream().mapToInt(p -> p.length).sum();
      assertSplit(parts, n);
      boolean all = !List.of("quantity", "long-tail").contains(kind.name());
      assertThat(n).as(kind.name()).satisfies(x -> assertThat(x == 1000).isEqualTo(all));
      assertThat(split(partitioner, LABELS, seed)).containsExactlyElementsOf(parts);
    }
  }

  @Test
  void iid_sizesDifferByAtMostOne() {
    var parts = split(make("uniform", Map.of("devices", 7)), LABELS, 1);
    assertThat(smallest(parts)).isEqualTo(142);
    assertThat(largest(parts)).isEqualTo(143);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-6, 0.01, 0.1, 1, 10})
  void dirichlet_minimumHolds(double alpha) {
    for (long seed = 0; seed < 5; seed++) {
      var partitioner = make("lda", Map.of("devices", 50, "alpha", alpha, "minimum", 20));
      var parts = split(partitioner, LABELS, seed);
      assertSplit(parts, 1000);
      assertThat(parts).hasSize(50);
      assertThat(smallest(parts)).isEqualTo(20);
    }
  }

  @Test
  void dirichlet_largeAlphaIsNearlyIid() {
    var parts =
        split(make("dirichlet", Map.of("devices", 10, "alpha", 1e9, "minimum", 90)), LABELS, 3);
    for (int[] part : parts) {
      int[] counts = counts(part, LABELS);
      assertThat(counts[0]).isBetween(59, 61);
      assertThat(counts[1]).isBetween(29, 31);
      assertThat(counts[2]).isBetween(8, 10);
    }
  }

  @Test
  void dirichlet_smallAlphaGivesAClassToOneDevice() {
    var parts =
        split(make("dirichlet", Map.of("devices", 4, "alpha", 1e-6, "minimum", 1)), LABELS, 1);
    int owners = 0;
    for (int[] part : parts) {
      owners += counts(part, LABELS)[0] >= 590 ? 1 : 0;
    }
    assertThat(owners).isEqualTo(1);
  }

  @Test
  void dirichlet_minimumThatCannotHoldIsRefused() {
    assertThatThrownBy(
            () -> split(make("dirichlet", Map.of("devices", 200, "minimum", 10)), LABELS, 1))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "data.partition.dirichlet.devices: 200 (expected: at most 100: there are 1000 training"
                + " examples, and a device needs 10)");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void pathological_devicesHaveExactlySoManyClasses(int k) {
    for (long seed = 0; seed < 5; seed++) {
      var parts = split(make("pathological", Map.of("devices", 8, "classes", k)), LABELS, seed);
      assertSplit(parts, 1000);
      assertThat(parts)
          .allSatisfy(p ->
              assertThat(Arrays.stream(counts(p, LABELS)).filter(c -> c > 0).count()).isEqualTo(k));
    }
  }

  @Test
  void pathological_refusesWhatCannotBe() {
    assertThatThrownBy(
            () -> split(make("pathological", Map.of("devices", 8, "classes", 5)), LABELS, 1))
        .hasMessage(
            "data.partition.pathological.classes: 5 (expected: at most 4, the number of classes of"
                + " the training examples)");
    assertThatThrownBy(
            () -> split(make("pathological", Map.of("devices", 1, "classes", 2)), LABELS, 1))
        .hasMessage(
            "data.partition.pathological.devices: 1 (expected: at least 2, so that every class has"
                + " a device)");
    assertThatThrownBy(
            () -> split(make("pathological", Map.of("devices", 60, "classes", 1)), LABELS, 1))
        .hasMessage(
            "data.partition.pathological.devices: 60 (expected: fewer: 15 devices share class 3,"
                + " which has 10 training examples)");
  }

  @Test
  void shards_areOfFewClasses() {
    int[] balanced = labels(100, 100, 100, 100, 100);
    var parts = split(make("shards", Map.of("devices", 25, "each", 2)), balanced, 5);
    assertSplit(parts, 500);
    assertThat(parts)
        .allSatisfy(p -> {
          assertThat(p).hasSize(20);
          assertThat(Arrays.stream(counts(p, balanced)).filter(c -> c > 0).count())
              .isLessThanOrEqualTo(2);
        });
  }

  @Test
  void quantity_isWithinTheBoundsAndShrinksToFit() {
    var roomy = split(make("quantity", Map.of("devices", 10, "least", 5, "most", 100)), LABELS, 1);
    assertThat(roomy).allSatisfy(p -> assertThat(p.length).isBetween(5, 100));
    assertThat(largest(roomy)).isGreaterThan(smallest(roomy) + 20);
    var tight = split(make("quantity", Map.of("devices", 10, "least", 5, "most", 900)), LABELS, 1);
    assertThat(smallest(tight)).isGreaterThanOrEqualTo(5);
    assertThat(tight.stream().mapToInt(p -> p.length).sum()).isBetween(990, 1000);
    assertThatThrownBy(() -> split(make("quantity", Map.of("least", 5, "most", 4)), LABELS, 1))
        .hasMessage("data.partition.quantity.most: 4 (expected: at least 5, the least)");
  }

  @Test
  void longTail_leavesTheRestToAnother() {
    int[] balanced = labels(200, 200, 200);
    var parts =
        split(
            make("long-tail", Map.of("factor", 0.01, "then", Map.of("iid", Map.of("devices", 2)))),
            balanced,
            1);
    int[] kept = new int[3];
    parts.forEach(p -> Arrays.setAll(kept, c -> kept[c] + counts(p, balanced)[c]));
    assertThat(kept).containsExactly(200, 20, 2);
  }

  @Test
  void natural_isOneDeviceAnOwner() {
    List<@Nullable String> owners = List.of("10", "9", "10", "b", "9", "10");
    int[] labels = new int[6];
    var random = Seeds.stream(1, "x");
    assertThat(make("natural", Map.of()).split(labels, owners, random))
        .containsExactly(new int[] {1, 4}, new int[] {0, 2, 5}, new int[] {3});
    assertThat(make("natural", Map.of("minimum", 3)).split(labels, owners, random))
        .containsExactly(new int[] {0, 2, 5});
    assertThatThrownBy(() -> make("natural", Map.of("minimum", 4)).split(labels, owners, random))
        .hasMessage(
            "data.partition.natural.minimum: 4 (expected: at most 3, the number of examples of the"
                + " largest owner)");
    assertThatThrownBy(() ->
            make("natural", Map.of()).split(labels, Collections.nCopies(6, (String) null), random))
        .hasMessage(
            "device of training example 0: none (expected: a source that names the owner of every"
                + " example, such as file: {device: author})");
  }

  @Test
  void devices_moreThanExamplesAreRefused() {
    assertThatThrownBy(() -> split(make("iid", Map.of("devices", 4)), labels(2, 1), 1))
        .hasMessage(
            "data.partition.iid.devices: 4 (expected: at most 3: there are 3 training examples, and"
                + " a device needs one)");
  }
}
