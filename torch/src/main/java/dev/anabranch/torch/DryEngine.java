package dev.anabranch.torch;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Check;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.internal.Checkpoint;
import dev.anabranch.torch.internal.CpuFlags;
import dev.anabranch.torch.internal.DryFamilyModel;
import dev.anabranch.torch.internal.DryLanes;
import dev.anabranch.torch.internal.DryModel;
import dev.anabranch.torch.internal.FamilyBase;
import dev.anabranch.torch.internal.PricedCodec;
import dev.anabranch.torch.internal.Probe;
import dev.anabranch.torch.internal.Unread;
import dev.anabranch.torch.internal.Zeros;
import java.util.List;

/**
 * An engine with the shapes and costs of a model but without values: a method that runs on it sends
 * the messages, executes the multiply-accumulates and holds the memory of a real run, in a moment.
 * Weights are zeros, losses those of a guess, and a step changes nothing. Safe to call from any
 * thread.
 *
 * <p>A BERT's costs are arithmetic, and libtorch is not loaded. Those of any other family are found
 * by a {@link Probe}, which runs its real passes at the smallest sizes.
 *
 * <p>Work on its lane takes no time: {@code nanos} is 0.
 */
public final class DryEngine implements Engine {
  /** Opens models of one architecture. */
  private interface Opener {
    Model open(
        ModelUse use, List<Partition.Segment> held, boolean thin, DryLanes lanes, Zeros zeros);
  }

  private final ModelFacts facts;
  private final Opener opener;
  private final Runnable end;
  private final boolean thin;
  private final DryLanes lanes = new DryLanes();
  private final Zeros zeros = new Zeros();

  private DryEngine(ModelFacts facts, Opener opener, Runnable end, boolean thin) {
    this.facts = facts;
    this.opener = opener;
    this.end = end;
    this.thin = thin;
  }

  /**
   * Reads a BERT's shapes from its file.
   *
   * @param frozen precision of frozen layers, as the real engine would choose it here
   * @throws dev.anabranch.core.AnabranchException CORRUPT or MODEL for a bad file, PLAN for a task
   *     that does not fit the model
   */
  public static DryEngine open(ModelSource source, TorchEngine.Task task, Precision frozen) {
    try (var checkpoint = Checkpoint.open(source.file(), source.keepLayers())) {
      var config = checkpoint.config();
      Check.that(
          task.maxTokens() >= 1 && task.maxTokens() <= config.positions(),
          "task.maxTokens",
          task.maxTokens(),
          "1 to " + config.positions());
      var facts =
          new ModelFacts(
              source.name(),
              config.layers(),
              config.width(),
              task.classes(),
              task.maxTokens(),
              task.pooling(),
              source.sha256());
      boolean half = frozen == Precision.BF16 || (frozen == Precision.AUTO && CpuFlags.bf16());
      int bytes = half ? Short.BYTES : Float.BYTES;
      var shapes = config.shapes(task.classes());
      Opener opener =
          (use, held, thin, lanes, zeros) -> {
            int needed = facts.maxTokens() + shapes.wordPrompts(use);
            Check.that(
                needed <= shapes.positions(),
                "task.maxTokens with num_virtual_tokens",
                needed,
                "at most " + shapes.positions());
            return new DryModel(
                new DryModel.Shared(facts, shapes, bytes, thin, lanes, zeros), use, held);
          };
      return new DryEngine(facts, opener, () -> {}, false);
    }
  }

  /**
   * Reads the shapes of a model of any other family; takes the stored model over.
   *
   * @param bf16 whether frozen weights are kept in half the bytes
   * @throws dev.anabranch.core.AnabranchException as {@link Engines#open}
   */
  static DryEngine open(
      ModelSource source, Pretrained stored, TorchEngine.Task task, boolean bf16) {
    var base = FamilyBase.open(source, new Unread(stored), task, bf16);
    var probe = new Probe(base);
    Opener opener =
        (use, held, thin, lanes, zeros) -> {
          base.requireRoom(use);
          return new DryFamilyModel(
              new DryFamilyModel.Shared(probe, thin, lanes, zeros), use, held);
        };
    return new DryEngine(base.facts(), opener, probe::close, false);
  }

  /**
   * The same engine with trained values that have no elements, so that nothing is copied or summed.
   * Where messages go through {@link #priced}, a run costs what it costs on this one. It lives as
   * long as this one.
   */
  public DryEngine thin() {
    return new DryEngine(facts, opener, () -> {}, true);
  }

  /** The value codec for a topic of a run on {@link #thin}, in place of another. */
  public static Codec<Tensor> priced(Codec<Tensor> codec) {
    return new PricedCodec(codec);
  }

  @Override
  public ModelFacts facts() {
    return facts;
  }

  @Override
  public Lanes lanes() {
    return lanes;
  }

  @Override
  public Model open(ModelUse use, NodeId.Role holder, long initSeed) {
    return opener.open(use, use.partition().heldBy(holder), thin, lanes, zeros);
  }

  /** Gives zeros: every class or token scores the same. */
  @Override
  public Predictor predictor(ModelUse use, TensorMap trained) {
    return new Predictor() {
      @Override
      public Tensor logits(Batch batch) {
        return facts.pooling() == Pooling.NONE && batch.inputs() instanceof Inputs.Tokens tokens
            ? zeros.tensor(batch.size(), tokens.width(), facts.classes())
            : zeros.tensor(batch.size(), facts.classes());
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {
    lanes.close();
    end.run();
  }
}
