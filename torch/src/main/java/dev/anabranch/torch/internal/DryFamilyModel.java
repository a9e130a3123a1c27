package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Block;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Head;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Route;
import dev.anabranch.core.Tail;
import dev.anabranch.core.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@link FamilyModel} without values: every operation gives zeros of the right shape, counts what
 * the real one counts and holds what the real one holds, as a {@link Probe} has found out. Used on
 * a lane.
 */
public final class DryFamilyModel extends HeldModel {
  /**
   * What all models of an engine share.
   *
   * @param thin whether trained values are handed over without elements
   */
  public record Shared(Probe probe, boolean thin, DryLanes lanes, Zeros zeros) {}

  private final Shared shared;
  private final FamilyShapes shapes;
  private final DryVariables variables;
  private final Map<String, DryFamilyBlock> blocks = new HashMap<>();
  private @Nullable DryFamilyHead head;
  private @Nullable List<String> chosen;

  /**
   * @param held segments of the partition, in its order
   */
  public DryFamilyModel(Shared shared, ModelUse use, List<Partition.Segment> held) {
    var shapes = new FamilyShapes(shared.probe().base().family());
    super(new Held(use, held), shapes::trained);
    this.shared = shared;
    this.shapes = shapes;
    this.variables =
        new DryVariables(shapes.trained(use, held), shared.thin(), shared.lanes(), shared.zeros());
  }

  Family family() {
    return shared.probe().base().family();
  }

  Zeros zeros() {
    return shared.zeros();
  }

  int prompts() {
    return held.use().prompts();
  }

  /** What an untrained classifier loses: the loss of a guess. */
  double guess() {
    return Math.log(facts().classes());
  }

  /** Values that are handed on: [b, …]; they live as long as the model, where no meter looks. */
  Tensor handed(long... shape) {
    variables.keep(Float.BYTES * Tensor.elements(shape));
    return zeros().tensor(shape);
  }

  /** Does an operation as far as costs go. */
  Probe.Took run(
      List<Object> name, Probe.Work before, Probe.Work work, int least, Probe.Size size) {
    var account = variables.account();
    var took =
        shared
            .probe()
            .took(
                new Probe.Key(held.use(), held.segments(), chosen, name),
                before,
                work,
                least,
                size);
    for (int i = 0; i < took.live().size(); i++) {
      if (i == took.live().size() - 1) {
        variables.gradient(took.gradients()::contains);
      }
      account.hold(took.live().get(i));
      account.boundary();
      account.hold(-took.live().get(i));
    }
    variables.gradient(took.gradients()::contains);
    account.add(took.macs());
    account.hold(took.left());
    return took;
  }

  /** Gives back what an operation left. */
  void release(long bytes) {
    variables.account().hold(-bytes);
  }

  @Override
  public ModelFacts facts() {
    return shared.probe().base().facts();
  }

  @Override
  Stepped variables() {
    return variables;
  }

  @Override
  public void train(String... segments) {
    super.train(segments);
    chosen = List.of(segments);
  }

  @Override
  public Route route(String... segments) {
    return new DryFamilyRoute(this, held.route(segments));
  }

  @Override
  public void recalibrate(Iterable<Batch> batches) {
    for (var batch : batches) {
      var sample = Sample.of(family(), batch, prompts());
      run(
          List.of("estimate", sample.name()),
          Sample.NOTHING,
          (model, size) -> {
            model.walk().estimate(sample.batch(size), 1);
            return Sample.NO_SHAPE;
          },
          sample.least(),
          sample.size());
    }
  }

  @Override
  public Head head() {
    held.head();
    var found = Objects.requireNonNullElseGet(head, () -> new DryFamilyHead(this));
    head = found;
    return found;
  }

  @Override
  public Block block(String segment) {
    held.inner(segment);
    return blocks.computeIfAbsent(segment, name -> new DryFamilyBlock(this, name));
  }

  @Override
  public Tail tail() {
    held.tail();
    boolean below = held.trainsBelow(this::trained);
    return (hidden, batch) -> tail(hidden, batch, below);
  }

  private Tail.Result tail(Hidden hidden, Batch batch, boolean below) {
    var sample = Sample.of(family(), hidden, batch, prompts());
    run(
        List.of("tail", sample.name()),
        Sample.NOTHING,
        (model, size) -> {
          var in = sample.hidden(size);
          try (var out = model.tail().lossAndGradient(in, sample.batch(size)).gradient()) {
            return out.shape();
          }
        },
        sample.least(),
        sample.size());
    long[] shape = hidden.values().shape();
    shape[0] = below ? shape[0] : 0;
    return new Tail.Result(guess(), below ? handed(shape) : zeros().tensor(shape));
  }

  @Override
  public Optimizer optimizer(OptimizerSpec spec, GradientTerm... terms) {
    return variables.optimizer(spec);
  }

  @Override
  public long frozenBytes() {
    return shared.probe().base().weights().bytes(shapes.frozen(held.use(), held.segments()));
  }

  /** May be called from any thread; closing twice is allowed. */
  @Override
  public void close() {
    shared
        .lanes()
        .run(
            () -> {
              new ArrayList<>(blocks.values()).forEach(DryFamilyBlock::close);
              if (head != null) {
                head.close();
              }
              variables.close();
              return true;
            },
            false);
  }
}
