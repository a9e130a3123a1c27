package dev.anabranch.methods.overlap;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Knob;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Into which blocks a model is cut, and which of them is trained when. A block is a segment: some
 * layers in a row, the last with the classifier; embeddings, and with them a head that is tied to
 * them, are one of their own.
 *
 * @param ranges layers such as {@code 0-2}; empty: a block for each layer
 * @param embeddings whether embeddings are a block too, or stay as they are
 * @param order in which blocks come
 * @param stay rounds for which a block stays
 */
public record BlockPlan(List<String> ranges, boolean embeddings, Order order, int stay) {
  static final Knob.Words BLOCKS =
      new Knob.Words(
          "blocks", List.of(), "ranges of layers, such as 0-2, from first to last; none: each one");
  static final Knob.Flag EMBEDDINGS =
      new Knob.Flag("embeddings", false, "whether embeddings are trained, as a block of their own");
  static final Knob.Choice ORDER =
      new Knob.Choice(
          "order",
          "descending",
          List.of("descending", "ascending", "random", "fixed"),
          "from the last block down, up, shuffled in each cycle, or the last block alone");
  static final Knob.Int STAY =
      new Knob.Int("roundsPerBlock", 1, 1, 1_000_000, "rounds for which a block stays");

  private static final String BELOW = "embeddings";

  /** In which order blocks are trained. */
  public enum Order {
    DESCENDING,
    ASCENDING,
    RANDOM,
    FIXED
  }

  public BlockPlan {
    ranges = List.copyOf(ranges);
  }

  static BlockPlan read(Settings s) {
    return new BlockPlan(
        s.words(BLOCKS),
        s.flag(EMBEDDINGS),
        Order.valueOf(s.choice(ORDER).toUpperCase(java.util.Locale.ROOT)),
        s.integer(STAY));
  }

  /** All on the device: the embeddings, then the blocks. */
  ModelUse use(ModelFacts model) {
    var segments = new ArrayList<Partition.Segment>();
    segments.add(new Partition.Segment(BELOW, 0, 0, NodeId.Role.DEVICE));
    int next = 0;
    for (int[] range : ranges(model.layers())) {
      Check.that(range[0] == next, "blocks: next block starts at layer", range[0], "" + next);
      next = range[1] + 1;
      segments.add(new Partition.Segment(name(range), range[0], next, NodeId.Role.DEVICE));
    }
    Check.that(next == model.layers(), "blocks end before layer", next, "" + model.layers());
    var trained = new LinkedHashMap<String, Parameterisation>();
    segments.stream()
        .skip(embeddings ? 0 : 1)
        .forEach(s -> trained.put(s.name(), new Parameterisation.Everything()));
    return new ModelUse(new Partition(model.layers(), segments), trained);
  }

  private static String name(int[] range) {
    return "layers " + range[0] + "-" + range[1];
  }

  private List<int[]> ranges(int layers) {
    return ranges.isEmpty()
        ? IntStream.range(0, layers).mapToObj(l -> new int[] {l, l}).toList()
        : ranges.stream().map(r -> range(r, layers)).toList();
  }

  private static int[] range(String text, int layers) {
    if (!text.matches("\\d{1,6}(-\\d{1,6})?")) {
      throw AnabranchException.expected(
          Failure.PLAN, "blocks", text, "layers, such as 0-2, or one layer, such as 3");
    }
    var ends = text.split("-", 2);
    int first = Integer.parseInt(ends[0]);
    int last = Integer.parseInt(ends[ends.length - 1]);
    Check.that(
        first <= last && last < layers,
        "blocks",
        text,
        "layers within 0 to " + (layers - 1) + ", all that the model has");
    return new int[] {first, last};
  }

  /** The names of the blocks, as segments, from first to last. */
  List<String> names(ModelFacts model) {
    return use(model).partition().segments().stream()
        .map(Partition.Segment::name)
        .skip(embeddings ? 0 : 1)
        .toList();
  }

  /** b(t), of so many blocks. */
  int at(int round, int blocks, Coordinator<?> me) {
    int turn = round / stay;
    int place = turn % blocks;
    return switch (order) {
      case DESCENDING -> blocks - 1 - place;
      case ASCENDING -> place;
      case FIXED -> blocks - 1;
      case RANDOM -> {
        int[] shuffled = IntStream.range(0, blocks).toArray();
        Seeds.shuffle(shuffled, me.random("blocks", turn / blocks));
        yield shuffled[place];
      }
    };
  }
}
