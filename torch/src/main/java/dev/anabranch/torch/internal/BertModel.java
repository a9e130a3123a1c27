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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Some segments of a BERT classifier with trained variables of their own. Used on a lane. */
public final class BertModel implements Model {
  /** Draws the classifier where nobody trains it: equal in every model of a run. */
  private static final long FIXED = 0;

  private final ModelFacts facts;
  private final BertShapes shapes;
  private final Base base;
  private final ModelUse use;
  private final List<Partition.Segment> held;
  private final Variables variables;
  private final Variables fallback;
  private final BertMacs macs;
  private final Map<String, Chain> chains = new HashMap<>();
  private @Nullable Embedding embedding;
  private @Nullable Scorer scorer;
  private final Map<String, BertBlock> blocks = new HashMap<>();
  private @Nullable BertHead head;
  private final List<Optimizer> optimizers = new ArrayList<>();

  /**
   * @param held segments of the partition, in its order
   */
  public BertModel(
      ModelFacts facts, Base base, ModelUse use, List<Partition.Segment> held, long initSeed) {
    Meter.here(); // on a lane only
    this.facts = facts;
    this.base = base;
    this.shapes = base.config().shapes(facts.classes());
    this.use = use;
    this.held = List.copyOf(held);
    var all = shapes.trained(use);
    var specs =
        held.stream().flatMap(s -> shapes.trained(use.partition(), s, use.of(s)).stream()).toList();
    this.macs = new BertMacs(shapes, specs);
    this.variables = new Variables(specs, (spec, into) -> draw(spec, into, initSeed));
    this.fallback = classifier(all);
    assemble();
  }

  /** Puts the parts together for what is stepped now. */
  private void assemble() {
    var stepped = new BertMacs(shapes, variables.stepped());
    embedding =
        held.stream().anyMatch(this::isFirst)
            ? new Embedding(weights(first()), variables, placing())
            : null;
    scorer = held.stream().anyMatch(this::isLast) ? scorer(stepped) : null;
    held.forEach(segment -> chains.put(segment.name(), chain(segment, stepped)));
  }

  private Variables classifier(List<TensorSpec> trained) {
    boolean fixed = trained.stream().noneMatch(spec -> spec.name().startsWith("classifier."));
    var specs =
        fixed
            ? shapes.base(use.partition(), last()).stream()
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
    int prompts = use.prompts();
    if (facts.pooling() == Pooling.PROMPT && prompts == 0) {
      throw AnabranchException.expected(
          Failure.PLAN, "task.pooling", "prompt", "cls or mean, as no soft prompt is trained");
    }
    int cls = placing() == Placing.EMBEDDED ? prompts : 0;
    var pooler = facts.pooling() == Pooling.POOLER ? base.pooler() : null;
    return new Scorer(facts.pooling(), prompts, cls, variables, fallback, stepped, pooler);
  }

  private @Nullable Placing placing() {
    for (var part : BertShapes.flat(use.of(first()))) {
      if (part instanceof Parameterisation.SoftPrompt prompt) {
        return prompt.placing();
      }
    }
    return null;
  }

  private Partition.Segment first() {
    return use.partition().segments().get(0);
  }

  private Partition.Segment last() {
    return use.partition().segments().get(use.partition().segments().size() - 1);
  }

  private boolean isFirst(Partition.Segment segment) {
    return segment.equals(first());
  }

  private boolean isLast(Partition.Segment segment) {
    return segment.equals(last());
  }

  /** Layers that are trained as a whole run in fp32, all others as the base is. */
  private BertWeights weights(Partition.Segment segment) {
    boolean whole =
        BertShapes.flat(use.of(segment)).stream()
            .anyMatch(part -> part instanceof Parameterisation.Everything);
    return whole ? base.fp32() : base.frozen().load();
  }

  private Chain chain(Partition.Segment segment, BertMacs stepped) {
    if (segment.layers() == 0) {
      return new Chain(List.of());
    }
    var hooks = new BertHooks(variables, macs, base.config(), use.of(segment));
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
  public Trainable trainable() {
    return variables;
  }

  @Override
  public Trainable trainable(String segment) {
    return variables.part(trained(segment));
  }

  private List<TensorSpec> trained(String segment) {
    var found = use.partition().segment(segment);
    if (!held.contains(found)) {
      throw notHeld(segment);
    }
    return shapes.trained(use.partition(), found, use.of(found));
  }

  @Override
  public void train(String... segments) {
    Meter.here();
    variables.train(Arrays.stream(segments).flatMap(segment -> trained(segment).stream()).toList());
    closeParts();
    assemble();
  }

  @Override
  public Route route(String... segments) {
    var named =
        segments.length == 0
            ? held
            : Arrays.stream(segments).map(use.partition()::segment).toList();
    if (named.isEmpty()
        || !isFirst(named.get(0))
        || !isLast(named.get(named.size() - 1))
        || !held.containsAll(named)) {
      throw new IllegalArgumentException(
          "route: "
              + named.stream().map(Partition.Segment::name).toList()
              + " (expected: segments held here, from '"
              + first().name()
              + "' to '"
              + last().name()
              + "'; held: "
              + held.stream().map(Partition.Segment::name).toList()
              + ")");
    }
    var all = new Chain(List.of());
    for (var segment : named) {
      all = all.and(chainOf(segment));
    }
    return new BertRoute(
        Objects.requireNonNull(embedding), all, Objects.requireNonNull(scorer), use.prompts());
  }

  private Chain chainOf(Partition.Segment segment) {
    return Objects.requireNonNull(chains.get(segment.name()));
  }

  @Override
  public Head head() {
    if (embedding == null) {
      throw notHeld(first().name());
    }
    if (head == null) {
      head = new BertHead(embedding, chainOf(first()), use.prompts());
    }
    return head;
  }

  @Override
  public Block block(String segment) {
    var found = use.partition().segment(segment);
    if (!held.contains(found) || isFirst(found) || isLast(found)) {
      throw notHeld(segment);
    }
    return blocks.computeIfAbsent(segment, name -> new BertBlock(chainOf(found), facts.width()));
  }

  @Override
  public Tail tail() {
    if (scorer == null) {
      throw notHeld(last().name());
    }
    boolean below =
        use.partition().segments().stream()
            .filter(segment -> !isLast(segment))
            .anyMatch(s -> !shapes.trained(use.partition(), s, use.of(s)).isEmpty());
    return new BertTail(chainOf(last()), scorer, facts.width(), below);
  }

  private IllegalArgumentException notHeld(String segment) {
    return new IllegalArgumentException(
        "segment '"
            + segment
            + "' (expected: one held here: "
            + held.stream().map(Partition.Segment::name).toList()
            + ")");
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
    var trained = variables.specs().stream().map(TensorSpec::name).toList();
    long bytes = 0;
    for (var segment : held) {
      for (var spec : shapes.base(use.partition(), segment)) {
        if (!trained.contains(spec.name())) {
          bytes += spec.elements() * (spec.name().startsWith("encoder.") ? base.layerBytes() : 4);
        }
      }
    }
    return bytes;
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
    blocks.values().forEach(BertBlock::close);
    blocks.clear();
    if (head != null) {
      head.close();
      head = null;
    }
  }
}
