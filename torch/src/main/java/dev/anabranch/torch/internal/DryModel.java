package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Block;
import dev.anabranch.core.Failure;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Head;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Route;
import dev.anabranch.core.Tail;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertMacs;
import dev.anabranch.torch.BertShapes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * {@link BertModel} without values: every operation gives zeros of the right shape, counts what the
 * real one counts and holds what the real one holds. Used on a lane.
 */
public final class DryModel extends HeldModel {
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
    super(new Held(use, held), shared.shapes()::trained);
    this.shared = shared;
    shared.shapes().trained(use); // refuses what does not fit
    var specs = held.stream().flatMap(segment -> trained(segment).stream()).toList();
    this.variables = new DryVariables(specs, shared.thin(), shared.lanes(), shared.zeros());
    this.macs = new BertMacs(shared.shapes(), specs);
    this.footprint = new Footprint(shared.shapes(), specs, specs);
    held.forEach(segment -> chains.put(segment.name(), chain(segment)));
  }

  private DryChain chain(Partition.Segment segment) {
    int e = held.everything(segment) ? Float.BYTES : shared.frozenBytes();
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
  Stepped variables() {
    return variables;
  }

  @Override
  public void train(String... segments) {
    super.train(segments);
    var all = held.segments().stream().flatMap(segment -> trained(segment).stream()).toList();
    macs = new BertMacs(shared.shapes(), variables.stepped());
    footprint = new Footprint(shared.shapes(), all, variables.stepped());
    blocks.values().forEach(DryBlock::close);
    blocks.clear();
    if (head != null) {
      head.close();
      head = null;
    }
    held.segments().forEach(segment -> chains.put(segment.name(), chain(segment)));
  }

  @Override
  public Route route(String... segments) {
    var all = new DryChain(List.of(), macs, footprint);
    for (var segment : held.route(segments)) {
      all = all.and(chainOf(segment));
    }
    return new DryRoute(embedding(), all, scorer(), variables, shared.zeros());
  }

  private DryChain chainOf(Partition.Segment segment) {
    return Objects.requireNonNull(chains.get(segment.name()));
  }

  private DryEmbedding embedding() {
    return new DryEmbedding(held.use().prompts(), held.placing(), variables, footprint);
  }

  private DryScorer scorer() {
    if (facts().pooling() == Pooling.PROMPT && held.use().prompts() == 0) {
      throw AnabranchException.expected(
          Failure.PLAN, "task.pooling", "prompt", "cls or mean, as no soft prompt is trained");
    }
    return new DryScorer(facts(), variables, macs, footprint);
  }

  @Override
  public Head head() {
    var first = held.head();
    if (head == null) {
      head = new DryHead(embedding(), chainOf(first), variables, footprint, shared.zeros());
    }
    return head;
  }

  @Override
  public Block block(String segment) {
    var found = held.inner(segment);
    return blocks.computeIfAbsent(
        segment, name -> new DryBlock(chainOf(found), variables, footprint, shared.zeros()));
  }

  @Override
  public Tail tail() {
    return new DryTail(
        chainOf(held.tail()),
        scorer(),
        variables,
        footprint,
        shared.zeros(),
        held.trainsBelow(this::trained));
  }

  @Override
  public Optimizer optimizer(OptimizerSpec spec, GradientTerm... terms) {
    return variables.optimizer(spec);
  }

  @Override
  public long frozenBytes() {
    return Footprint.frozen(frozen(), shared.frozenBytes());
  }

  @Override
  public long packedBytes() {
    boolean packs = shared.frozenBytes() == Float.BYTES || CpuFlags.bf16();
    return packs ? Footprint.packed(frozen(), shared.frozenBytes()) : 0;
  }

  private List<TensorSpec> frozen() {
    return held.frozen(shared.shapes(), variables.specs());
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
