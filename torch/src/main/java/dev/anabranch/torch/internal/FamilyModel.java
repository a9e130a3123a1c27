package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Block;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Head;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Route;
import dev.anabranch.core.Tail;
import dev.anabranch.core.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Some segments of a model of any {@link Family}, with trained variables of their own, over weights
 * that every model of the process shares. Autograd differentiates it. Used on a lane.
 */
public final class FamilyModel extends HeldModel {
  /** Draws what neither a checkpoint gives nor anybody trains: equal in every model of a run. */
  private static final long FIXED = 0;

  private final ModelFacts facts;
  private final FamilyShapes shapes;
  private final FamilyWeights weights;
  private final Variables variables;
  private final Variables fallback;
  private final Map<String, FamilySpan> spans = new HashMap<>();
  private final Map<String, RecordedBlock> blocks = new HashMap<>();
  private final List<Optimizer> optimizers = new ArrayList<>();
  private @Nullable FamilyHead head;

  /**
   * Lays the trained variables of a use on the weights.
   *
   * @param held segments of the partition, in its order
   */
  public FamilyModel(
      ModelFacts facts,
      Family family,
      FamilyWeights weights,
      ModelUse use,
      List<Partition.Segment> held,
      long initSeed) {
    Meter.here(); // on a lane only
    var shapes = new FamilyShapes(family);
    super(new Held(use, held), shapes::trained);
    this.facts = facts;
    this.shapes = shapes;
    this.weights = weights;
    this.variables =
        new Variables(shapes.trained(use, held), (spec, into) -> draw(spec, into, initSeed));
    var fixed = shapes.frozen(use, held).stream().filter(spec -> !weights.has(spec)).toList();
    this.fallback = new Variables(fixed, (spec, into) -> draw(spec, into, FIXED));
    held.forEach(segment -> spans.put(segment.name(), span(segment)));
  }

  private void draw(TensorSpec spec, org.bytedeco.pytorch.Tensor into, long seed) {
    boolean beside = spec.name().endsWith(".lora_A") || spec.name().endsWith(".lora_B");
    if (beside) {
      Init.draw(spec, into, null, seed);
    } else if (weights.has(spec)) {
      weights.write(spec.name(), into);
    } else {
      shapes.family().draw(spec, into, seed);
    }
  }

  private FamilySpan span(Partition.Segment segment) {
    // layers that are trained as a whole run in fp32, all others as frozen weights are kept
    var type = held.everything(segment) ? ScalarType.Float : weights.type();
    var given =
        new Pass.Given(
            shapes,
            weights,
            variables,
            fallback,
            held.use().of(segment),
            type,
            held.use().prompts(),
            held.placing());
    return new FamilySpan(
        given, segment.from(), segment.until(), held.isFirst(segment), held.isLast(segment));
  }

  @Override
  public ModelFacts facts() {
    return facts;
  }

  @Override
  Stepped variables() {
    return variables;
  }

  /** Autograd ends where nothing below needs a gradient, so nothing else changes. */
  @Override
  public void train(String... segments) {
    Meter.here();
    super.train(segments);
  }

  @Override
  public Route route(String... segments) {
    return walk(segments);
  }

  /** As {@link #route}, with what decoding needs. */
  FamilyRoute walk(String... segments) {
    return new FamilyRoute(held.route(segments).stream().map(this::spanOf).toList());
  }

  /** How the whole model does on a batch. */
  public Predictor.Score score(Batch batch) {
    return walk().score(batch);
  }

  @Override
  public void recalibrate(Iterable<Batch> batches) {
    var route = walk();
    int seen = 0;
    for (var batch : batches) {
      route.estimate(batch, 1.0 / ++seen);
    }
  }

  private FamilySpan spanOf(Partition.Segment segment) {
    return Objects.requireNonNull(spans.get(segment.name()));
  }

  @Override
  public Head head() {
    if (head == null) {
      head = new FamilyHead(spanOf(held.head()));
    }
    return head;
  }

  @Override
  public Block block(String segment) {
    var found = held.inner(segment);
    return blocks.computeIfAbsent(segment, name -> new RecordedBlock(spanOf(found)::record));
  }

  @Override
  public Tail tail() {
    return new FamilyTail(spanOf(held.tail()), held.trainsBelow(this::trained));
  }

  @Override
  public Optimizer optimizer(OptimizerSpec spec, GradientTerm... terms) {
    Meter.here();
    var stepper = new Stepper(variables, spec, List.of(terms));
    optimizers.add(stepper);
    return stepper;
  }

  /** The variables that have a gradient now. */
  List<TensorSpec> gradients() {
    return variables.stepped().stream()
        .filter(spec -> variables.gradient(spec.name()).defined())
        .toList();
  }

  /** Forgets gradients, and what forward passes have kept. */
  void forget() {
    variables.zero();
    blocks.values().forEach(RecordedBlock::close);
    if (head != null) {
      head.close();
    }
  }

  @Override
  public long frozenBytes() {
    return weights.bytes(shapes.frozen(held.use(), held.segments()));
  }

  /** May be called from any thread; closing twice is allowed. */
  @Override
  public void close() {
    variables.close(); // first: an optimizer brings open variables up to date
    optimizers.forEach(Optimizer::close);
    optimizers.clear();
    blocks.values().forEach(RecordedBlock::close);
    if (head != null) {
      head.close();
    }
    fallback.close();
    weights.release();
  }
}
