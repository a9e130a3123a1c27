package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeMeanTest {
  private static final TensorMap CURRENT = map(9);

  private record Sent(TensorMap update, double weight) {}

  private static TensorMap map(float... values) {
    return TensorMap.of(Map.of("w", Tensor.of(values, values.length)));
  }

  private static Aggregator.Fold<TensorMap, TensorMap> fold() {
    return new TreeMean().start(CURRENT);
  }

  /** Some of the devices 0 to 39, with values whose sum depends on the order of adding. */
  private static TreeMap<Integer, Sent> round(RandomGenerator random) {
    var sent = new TreeMap<Integer, Sent>();
    double share = random.nextDouble(0.05, 1);
    for (int device = 0; device < 40; device++) {
      if (random.nextDouble() < share) {
        float[] values = new float[5];
        for (int i = 0; i < values.length; i++) {
          // Large values that cancel and swallow small ones: another order gives another float.
          values[i] = random.nextInt(-3, 4) * (random.nextBoolean() ? 0x1p54f : 1);
        }
        sent.put(device, new Sent(map(values), random.nextInt(1, 3)));
      }
    }
    return sent;
  }

  private static void add(Aggregator.Fold<TensorMap, TensorMap> fold, Map<Integer, Sent> sent) {
    sent.forEach((d, s) -> fold.add(NodeId.device(d), s.update(), s.weight()));
  }

  /** Cuts the devices into runs, folds each run, and joins neighbours in random order. */
  private static TensorMap inParts(TreeMap<Integer, Sent> sent, RandomGenerator random) {
    var folds = new ArrayList<Aggregator.Fold<TensorMap, TensorMap>>();
    int from = 0;
    while (from < 40) {
      int until = from + random.nextInt(1, 12);
      var fold = fold();
      add(fold, sent.subMap(from, until));
      folds.add(fold);
      from = until;
    }
    while (folds.size() > 1) {
      int at = random.nextInt(folds.size() - 1);
      folds.set(at, folds.get(at).merge(folds.remove(at + 1)));
    }
    return folds.get(0).finish();
  }

  @Test
  void isTheSameToTheBitWhoeverAddsWhichPart() {
    var random = Seeds.stream(3);
    for (int i = 0; i < 400; i++) {
      var sent = round(random);
      var whole = fold();
      add(whole, sent);
      assertThat(inParts(sent, random).sha256()).isEqualTo(whole.finish().sha256());
    }
  }

  /**
   * Blocks this large come from memory that is used again, small ones from the heap's collector.
   */
  @Test
  void usesTheMemoryOfWhatNobodyElseHoldsAndOfNothingElse() {
    var random = Seeds.stream(5);
    var sent = round(random);
    var expected = fold();
    var closed = fold();
    var held = fold();
    record Pair(TensorMap wide, TensorMap small) {}
    var pairs = new ArrayList<Pair>();
    sent.forEach((d, s) -> {
      var wide = tiled(s.update());
      expected.add(NodeId.device(d), s.update(), s.weight());
      try (var own = wide.copy()) {
        closed.add(NodeId.device(d), own, s.weight());
      }
      held.add(NodeId.device(d), wide, s.weight());
      pairs.add(new Pair(wide, s.update()));
    });
    var mean = tiled(expected.finish()).sha256();
    assertThat(closed.finish().sha256()).isEqualTo(mean);
    assertThat(held.finish().sha256()).isEqualTo(mean);
    pairs.forEach(p -> assertThat(p.wide.sha256()).isEqualTo(tiled(p.small).sha256()));
  }

  /** An update as a message in a file has it. */
  private static TensorMap inFile(TensorMap update, Path folder) throws IOException {
    var file = Files.createTempFile(folder, "update", ".bin");
    try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      channel.write(update.data().asByteBuffer());
      var wire = Wire.inFile(channel, 0, 0, 0, update.data().byteSize());
      return TensorMap.view(update.specs(), wire.body(), wire);
    }
  }

  @Test
  void isTheSameToTheBitWhetherUpdatesAndSumsLieInMemoryOrInFiles(@TempDir Path folder)
      throws IOException {
    var random = Seeds.stream(6);
    for (int i = 0; i < 20; i++) {
      var sent = round(random);
      var inMemory = fold();
      var summedInFiles = new TreeMean(0, folder).start(CURRENT);
      var some = new TreeMean(3 * 20, folder).start(CURRENT);
      var all = new TreeMean(0, folder).startWhole(CURRENT);
      add(inMemory, sent);
      add(summedInFiles, sent);
      for (var s : sent.entrySet()) {
        var from = NodeId.device(s.getKey());
        var held = inFile(s.getValue().update(), folder);
        all.add(from, held, s.getValue().weight());
        some.add(from, s.getKey() % 3 == 0 ? held : s.getValue().update(), s.getValue().weight());
      }
      var mean = inMemory.finish().sha256();
      assertThat(summedInFiles.finish().sha256()).isEqualTo(mean);
      assertThat(some.finish().sha256()).isEqualTo(mean);
      assertThat(all.finish().sha256()).isEqualTo(mean);
    }
  }

  @Test
  void saysWhereItFindsNoRoom(@TempDir Path folder) throws IOException {
    var blocked = Files.createFile(folder.resolve("file"));
    var fold = new TreeMean(0, blocked).start(CURRENT);
    assertThatThrownBy(() -> fold.add(NodeId.device(0), map(1), 1))
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.STORAGE))
        .hasMessage(
            "sum of updates: "
                + blocked
                + " (expected: room for files in "
                + blocked
                + "); make room, then resume the run");
  }

  /** Sixteen updates of 4 MiB: what is in memory is a window of each file, and of the result. */
  @Test
  void ofFilesAWindowIsInMemory(@TempDir Path folder) throws IOException {
    long bytes = 4 << 20;
    var update = TensorMap.zeros(List.of(TensorSpec.of("w", bytes / Float.BYTES)));
    update.data().fill((byte) 1);
    var fold = new TreeMean(0, folder).startWhole(CURRENT);
    var wires = new ArrayList<TensorMap>();
    for (int d = 0; d < 16; d++) {
      wires.add(inFile(update, folder));
    }
    long before = Tensor.elsewhereBytes();
    for (int d = 0; d < 16; d++) {
      assertThat(wires.get(d).isFinite()).isTrue();
      fold.add(NodeId.device(d), wires.get(d), 1);
      assertThat(Tensor.elsewhereBytes()).isEqualTo(before);
      assertThat(resident(folder)).isLessThan(bytes / 2);
    }
    try (var mean = fold.finish()) {
      assertThat(mean.get("w").get(7)).isEqualTo(update.get("w").get(7));
      assertThat(Tensor.elsewhereBytes()).isEqualTo(before);
      assertThat(resident(folder)).isLessThan(bytes / 2);
    }
  }

  /**
   * Bytes of a folder's files that this process has in memory; 0 where the system does not tell.
   */
  private static long resident(Path folder) throws IOException {
    var maps = Path.of("/proc/self/smaps");
    long sum = 0;
    boolean inside = false;
    for (var line : Files.exists(maps) ? Files.readAllLines(maps) : List.<String>of()) {
      if (line.startsWith("Rss:")) {
        sum += inside ? Long.parseLong(line.replaceAll("\\D", "")) << 10 : 0;
      } else if (Character.digit(line.charAt(0), 16) >= 0) {
        inside = line.contains(folder.toString());
      }
    }
    return sum;
  }

  private static TensorMap tiled(TensorMap small) {
    int n = 1 << 17;
    var out = TensorMap.room(List.of(TensorSpec.of("w", n)));
    for (int i = 0; i < n; i++) {
      float value = small.data().getAtIndex(Tensor.FLOAT, i % small.elements());
      out.data().setAtIndex(Tensor.FLOAT, i, value);
    }
    return out;
  }

  /** The sum of a subtree is that of its halves: written down as a recursion. */
  @Test
  void followsTheBinaryTreeOverIndices() {
    var random = Seeds.stream(4);
    for (int i = 0; i < 200; i++) {
      var sent = round(random);
      if (sent.isEmpty()) {
        continue;
      }
      var whole = fold();
      add(whole, sent);
      double weights = sent.values().stream().mapToDouble(Sent::weight).sum();
      var mean = whole.finish().get("w");
      for (int e = 0; e < 5; e++) {
        float expected = (float) (1 / weights * sum(sent, 0, 64, e));
        assertThat(mean.get(e)).isEqualTo(expected);
      }
    }
  }

  private static double sum(TreeMap<Integer, Sent> sent, int from, int until, int element) {
    if (until - from == 1) {
      var s = sent.get(from);
      return s == null ? 0 : s.weight() * s.update().get("w").get(element);
    }
    int middle = (from + until) / 2;
    return sum(sent, from, middle, element) + sum(sent, middle, until, element);
  }

  @Test
  void isTheWeightedMean() {
    var random = Seeds.stream(5);
    for (int i = 0; i < 100; i++) {
      int n = random.nextInt(1, 30);
      var fold = fold();
      double sum = 0;
      double weights = 0;
      for (int d = 0; d < n; d++) {
        float value = random.nextFloat(0.5f, 1);
        double weight = random.nextInt(1, 100);
        fold.add(NodeId.device(d * 3), map(value), weight);
        sum += weight * value;
        weights += weight;
      }
      double mean = sum / weights;
      // The result is a float: half a unit in its last place besides the 1e-12 of the sums.
      assertThat((double) fold.finish().get("w").get(0))
          .isCloseTo(mean, within(mean * (1e-12 + 0x1p-24)));
    }
  }

  @Test
  void weighsInDouble() {
    var fold = fold();
    fold.add(NodeId.device(0), map(1e8f), 1);
    fold.add(NodeId.device(1), map(1), 1);
    fold.add(NodeId.device(2), map(-1e8f), 1);
    assertThat(fold.finish().get("w").get(0)).isEqualTo(1 / 3f);
  }

  @Test
  void leavesTheCurrentValueIfThereIsNothing() {
    assertThat(fold().finish()).isSameAs(CURRENT);
    assertThat(fold().merge(fold()).finish()).isSameAs(CURRENT);
    var weightless = fold();
    weightless.add(NodeId.device(0), map(5), 0);
    assertThat(weightless.finish()).isSameAs(CURRENT);
  }

  @Test
  void joinsAnEmptyPartOnEitherSide() {
    for (boolean first : List.of(true, false)) {
      var some = fold();
      some.add(NodeId.device(3), map(2), 1);
      some.add(NodeId.device(4), map(4), 1);
      var joined = first ? fold().merge(some) : some.merge(fold());
      assertThat(joined.finish().get("w").get(0)).isEqualTo(3);
    }
  }

  @Test
  void refusesDevicesOutOfOrder() {
    var fold = fold();
    fold.add(NodeId.device(4), map(1), 1);
    assertThatThrownBy(() -> fold.add(NodeId.device(4), map(1), 1))
        .hasMessage("device: 4 (expected: above 4)");
  }

  @Test
  void refusesAnUpdateOfOtherTensors() {
    var fold = fold();
    fold.add(NodeId.device(4), map(1), 1);
    assertThatThrownBy(() -> fold.add(NodeId.device(5), map(1, 2), 1))
        .isInstanceOf(WireException.class)
        .hasMessage("update of device 5: ['w' [2]]" + " (expected: ['w' [1]])");
  }
}
