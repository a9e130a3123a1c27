package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Block;
import dev.anabranch.core.Failure;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Head;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Route;
import dev.anabranch.core.Tail;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Trainable;
import dev.anabranch.torch.BertMacs;
import dev.anabranch.torch.BertShapes;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * {@link BertModel} without values: every operation gives zeros of the right shape, counts what the
 * real one counts and holds what the real one holds. Used on a lane.
 */
public final class DryModel implements Model {
  /**
   * What all models of an engine share.
   *
   * @param frozenBytes of an element of a frozen layer
   * @param thin whether trained values are handed over without elements
   */
  public record Shared(
      ModelFacts facts,
      BertShapes shapes,
      int frozenBytes,
      boolean thin,
      DryLanes lanes,
      Zeros zeros) {}

  private final Shared shared;
  private final ModelUse use;
  private final List<Partition.Segment> held;
  private final DryVariables variables;
  private BertMacs macs;
  private Footprint footprint;
  private final Map<String, DryChain> chains = new HashMap<>();
  private final Map<String, DryBlock> blocks = new HashMap<>();
  private @Nullable DryHead head;

  /**
   * @param held segments of the partition, in its order
   */
  public DryModel(Shared shared, ModelUse use, List<Partition.Segment> held) {
    this.shared = shared;
    this.use = use;
    this.held = List.copyOf(held);
    shared.shapes().trained(use); // refuses what does not fit
    var specs = held.stream().flatMap(segment -> trained(segment).stream()).toList();
    this.variables = new DryVariables(specs, shared.thin(), shared.lanes(), shared.zeros());
    this.macs = new BertMacs(shared.shapes(), specs);
    this.footprint = new Footprint(shared.shapes(), specs, specs);
    held.forEach(segment -> chains.put(segment.name(), chain(segment)));
  }

  private List<TensorSpec> trained(Partition.Segment segment) {
    return shared.shapes().trained(use.partition(), segment, use.of(segment));
  }

  private DryChain chain(Partition.Segment segment) {
    boolean whole =
        BertShapes.flat(use.of(segment)).stream()
            .anyMatch(part -> part instanceof Parameterisation.Everything);
    int e = whole ? Float.BYTES : shared.frozenBytes();
    return new DryChain(
        segment.layers() == 0
            ? List.of()
            : List.of(
                new DryChain.Part(
                    IntStream.range(segment.from(), segment.until()).boxed().toList(),
                    e,
                    macs.touches(segment.from()))),
        macs,
        footprint);
  }

  @Override
  public ModelFacts facts() {
    return shared.facts();
  }

  @Override
  public Trainable trainable() {
    return variables;
  }

  @Override
  public Trainable trainable(String segment) {
    return variables.part(trainedHere(segment));
  }

  private List<TensorSpec> trainedHere(String segment) {
    var found = use.partition().segment(segment);
    require(held.contains(found), segment);
    return trained(found);
  }

  @Override
  public void train(String... segments) {
    variables.train(
        Arrays.stream(segments).flatMap(segment -> trainedHere(segment).stream()).toList());
    var all = held.stream().flatMap(segment -> trained(segment).stream()).toList();
    macs = new BertMacs(shared.shapes(), variables.stepped());
    footprint = new Footprint(shared.shapes(), all, variables.stepped());
    blocks.values().forEach(DryBlock::close);
    blocks.clear();
    if (head != null) {
      head.close();
      head = null;
    }
    held.forEach(segment -> chains.put(segment.name(), chain(segment)));
  }

  @Override
  public Route route(String... segments) {
    var named =
        segments.length == 0
            ? held
            : Arrays.stream(segments).map(use.partition()::segment).toList();
    if (named.isEmpty()
        || !BertShapes.isFirst(use.partition(), named.getFirst())
        || !BertShapes.isLast(use.partition(), named.getLast())
        || !held.containsAll(named)) {
      throw notHeld(named.stream().map(Partition.Segment::name).toList().toString());
    }
    var all = new DryChain(List.of(), macs, footprint);
    for (var segment : named) {
      all = all.and(chainOf(segment));
    }
    return new DryRoute(embedding(), all, scorer(), variables, shared.zeros());
  }

  private DryChain chainOf(Partition.Segment segment) {
    return Objects.requireNonNull(chains.get(segment.name()));
  }

  private DryEmbedding embedding() {
    var first = use.partition().segments().getFirst();
    @Nullable Placing placing = null;
    for (var part : BertShapes.flat(use.of(first))) {
      placing = part instanceof Parameterisation.SoftPrompt p ? p.placing() : placing;
    }
    return new DryEmbedding(use.prompts(), placing, variables, footprint);
  }

  private DryScorer scorer() {
    int prompts = use.prompts();
    if (facts().pooling() == Pooling.PROMPT && prompts == 0) {
      throw AnabranchException.expected(
          Failure.PLAN, "task.pooling", "prompt", "cls or mean, as no soft prompt is trained");
    }
    return new DryScorer(facts(), variables, macs, footprint);
  }

  @Override
  public Head head() {
    var first = use.partition().segments().getFirst();
    require(held.contains(first), first.name());
    if (head == null) {
      head = new DryHead(embedding(), chainOf(first), variables, footprint, shared.zeros());
    }
    return head;
  }

  @Override
  public Block block(String segment) {
    var found = use.partition().segment(segment);
    boolean outer =
        BertShapes.isFirst(use.partition(), found) || BertShapes.isLast(use.partition(), found);
    require(held.contains(found) && !outer, segment);
    return blocks.computeIfAbsent(
        segment, name -> new DryBlock(chainOf(found), variables, footprint, shared.zeros()));
  }

  @Override
  public Tail tail() {
    var last = use.partition().segments().getLast();
    require(held.contains(last), last.name());
    boolean below =
        use.partition().segments().stream()
            .filter(segment -> !segment.equals(last))
            .anyMatch(segment -> !trained(segment).isEmpty());
    return new DryTail(chainOf(last), scorer(), variables, footprint, shared.zeros(), below);
  }

  private void require(boolean holds, String segment) {
    if (!holds) {
      throw notHeld(segment);
    }
  }

  private IllegalArgumentException notHeld(String what) {
    return new IllegalArgumentException(
        "segment '"
            + what
            + "' (expected: one held here: "
            + held.stream().map(Partition.Segment::name).toList()
            + ")");
  }

  @Override
  public Optimizer optimizer(OptimizerSpec spec, GradientTerm... terms) {
    return variables.optimizer(spec);
  }

  @Override
  public long frozenBytes() {
    var trained = variables.specs().stream().map(TensorSpec::name).toList();
    Predicate<TensorSpec> frozen = spec -> !trained.contains(spec.name());
    return held.stream()
        .flatMap(segment -> shared.shapes().base(use.partition(), segment).stream())
        .filter(frozen)
        .mapToLong(spec ->
            spec.elements()
                * (spec.name().startsWith("encoder.") ? shared.frozenBytes() : Float.BYTES))
        .sum();
  }

  /** May be called from any thread; closing twice is allowed. */
  @Override
  public void close() {
    shared
        .lanes()
        .run(
            () -> {
              blocks.values().forEach(DryBlock::close);
              if (head != null) {
                head.close();
              }
              variables.close();
              return true;
            },
            false);
  }
}
