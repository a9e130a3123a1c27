package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Block;
import dev.anabranch.core.Failure;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Head;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Route;
import dev.anabranch.core.Tail;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertMacs;
import dev.anabranch.torch.BertShapes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Some segments of a BERT classifier with trained variables of their own. Used on a lane. */
public final class BertModel extends HeldModel {
  /** Draws the classifier where nobody trains it: equal in every model of a run. */
  private static final long FIXED = 0;

  private final ModelFacts facts;
  private final BertShapes shapes;
  private final Base base;
  private final Variables variables;
  private final Variables fallback;
  private final BertMacs macs;
  private final Map<String, Chain> chains = new HashMap<>();
  private @Nullable Embedding embedding;
  private @Nullable Scorer scorer;
  private final Map<String, RecordedBlock> blocks = new HashMap<>();
  private @Nullable BertHead head;
  private final List<Optimizer> optimizers = new ArrayList<>();

  /**
   * @param held segments of the partition, in its order
   */
  public BertModel(
      ModelFacts facts, Base base, ModelUse use, List<Partition.Segment> held, long initSeed) {
    Meter.here(); // on a lane only
    var shapes = base.config().shapes(facts.classes());
    super(new Held(use, held), shapes::trained);
    this.facts = facts;
    this.base = base;
    this.shapes = shapes;
    var all = shapes.trained(use);
    var specs = held.stream().flatMap(segment -> trained(segment).stream()).toList();
    this.macs = new BertMacs(shapes, specs);
    this.variables = new Variables(specs, (spec, into) -> draw(spec, into, initSeed));
    this.fallback = classifier(all);
    assemble();
  }

  /** Puts the parts together for what is stepped now. */
  private void assemble() {
    var stepped = new BertMacs(shapes, variables.stepped());
    embedding =
        held.has(held.first())
            ? new Embedding(weights(held.first()), variables, held.placing())
            : null;
    scorer = held.has(held.last()) ? scorer(stepped) : null;
    held.segments().forEach(segment -> chains.put(segment.name(), chain(segment, stepped)));
  }

  private Variables classifier(List<TensorSpec> trained) {
    boolean fixed = trained.stream().noneMatch(spec -> spec.name().startsWith("classifier."));
    var specs =
        fixed
            ? shapes.base(held.use().partition(), held.last()).stream()
                .filter(spec -> spec.name().startsWith("classifier."))
                .toList()
            : List.<TensorSpec>of();
    return new Variables(specs, (spec, into) -> draw(spec, into, FIXED));
  }

  private void draw(TensorSpec spec, org.bytedeco.pytorch.Tensor into, long seed) {
    boolean pretrained =
        spec.name().startsWith("embeddings.")
            || (spec.name().startsWith("encoder.")
                && shapes.pretrained().stream().anyMatch(p -> p.name().equals(spec.name())));
    Init.draw(spec, into, pretrained ? base.fp32() : null, seed);
  }

  private Scorer scorer(BertMacs stepped) {
    int prompts = held.use().prompts();
    if (facts.pooling() == Pooling.PROMPT && prompts == 0) {
      throw AnabranchException.expected(
          Failure.PLAN, "task.pooling", "prompt", "cls or mean, as no soft prompt is trained");
    }
    int cls = held.placing() == Placing.EMBEDDED ? prompts : 0;
    var pooler = facts.pooling() == Pooling.POOLER ? base.pooler() : null;
    return new Scorer(facts.pooling(), prompts, cls, variables, fallback, stepped, pooler);
  }

  /** Layers that are trained as a whole run in fp32, all others as the base is. */
  private BertWeights weights(Partition.Segment segment) {
    return held.everything(segment) ? base.fp32() : base.frozen().load();
  }

  private Chain chain(Partition.Segment segment, BertMacs stepped) {
    if (segment.layers() == 0) {
      return new Chain(List.of());
    }
    var hooks = new BertHooks(variables, macs, base.config(), held.use().of(segment));
    return new Chain(
        List.of(
            new Span(
                segment.from(),
                segment.until(),
                weights(segment),
                hooks,
                variables,
                macs,
                stepped)));
  }

  @Override
  public ModelFacts facts() {
    return facts;
  }

  @Override
  Stepped variables() {
    return variables;
  }

  @Override
  public void train(String... segments) {
    Meter.here();
    super.train(segments);
    closeParts();
    assemble();
  }

  @Override
  public Route route(String... segments) {
    var all = new Chain(List.of());
    for (var segment : held.route(segments)) {
      all = all.and(chainOf(segment));
    }
    return new BertRoute(
        Objects.requireNonNull(embedding),
        all,
        Objects.requireNonNull(scorer),
        held.use().prompts());
  }

  private Chain chainOf(Partition.Segment segment) {
    return Objects.requireNonNull(chains.get(segment.name()));
  }

  @Override
  public Head head() {
    if (head == null) {
      var chain = chainOf(held.head());
      head = new BertHead(Objects.requireNonNull(embedding), chain, held.use().prompts());
    }
    return head;
  }

  @Override
  public Block block(String segment) {
    var found = held.inner(segment);
    return blocks.computeIfAbsent(
        segment, name -> new RecordedBlock(hidden -> record(chainOf(found), hidden)));
  }

  private Tape record(Chain chain, Hidden hidden) {
    Shapes.requireWidth(hidden.values(), facts.width());
    var mask = Sequence.mask(hidden.lengths(), (int) hidden.values().size(1));
    return chain.record(Tensors.of(hidden.values()), mask, true);
  }

  @Override
  public Tail tail() {
    var chain = chainOf(held.tail());
    return new BertTail(
        chain, Objects.requireNonNull(scorer), facts.width(), held.trainsBelow(this::trained));
  }

  @Override
  public Optimizer optimizer(OptimizerSpec spec, GradientTerm... terms) {
    Meter.here();
    var stepper = new Stepper(variables, spec, List.of(terms));
    optimizers.add(stepper);
    return stepper;
  }

  @Override
  public long frozenBytes() {
    return Footprint.frozen(frozen(), base.layerBytes());
  }

  @Override
  public long packedBytes() {
    return OneDnn.packs(base.frozen().type()) ? Footprint.packed(frozen(), base.layerBytes()) : 0;
  }

  private List<TensorSpec> frozen() {
    return held.frozen(shapes, variables.specs());
  }

  /** May be called from any thread; closing twice is allowed. */
  @Override
  public void close() {
    variables.close(); // first: an optimizer brings open variables up to date
    optimizers.forEach(Optimizer::close);
    optimizers.clear();
    closeParts();
    fallback.close();
    base.release();
  }

  private void closeParts() {
    blocks.values().forEach(RecordedBlock::close);
    blocks.clear();
    if (head != null) {
      head.close();
      head = null;
    }
  }
}
