package dev.anabranch.torch;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Check;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.internal.Checkpoint;
import dev.anabranch.torch.internal.CpuFlags;
import dev.anabranch.torch.internal.DryLanes;
import dev.anabranch.torch.internal.DryModel;
import dev.anabranch.torch.internal.PricedCodec;
import dev.anabranch.torch.internal.Zeros;

/**
 * {@link TorchEngine} with its shapes and costs but without values: a method that runs on it sends
 * the messages, executes the multiply-accumulates and holds the memory of a real run, in a moment.
 * libtorch is not loaded. Weights are zeros, losses those of a guess, and a step changes nothing.
 * Safe to call from any thread.
 *
 * <p>Work on its lane takes no time: {@code nanos} is 0.
 */
public final class DryEngine implements Engine {
  private final DryModel.Shared shared;

  private DryEngine(DryModel.Shared shared) {
    this.shared = shared;
  }

  /**
   * Reads a model's shapes from its file.
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
      return new DryEngine(
          new DryModel.Shared(
              facts,
              config.shapes(task.classes()),
              half ? Short.BYTES : Float.BYTES,
              false,
              new DryLanes(),
              new Zeros()));
    }
  }

  /**
   * The same engine with trained values that have no elements, so that nothing is copied or summed.
   * Where messages go through {@link #priced}, a run costs what it costs on this one.
   */
  public DryEngine thin() {
    return new DryEngine(
        new DryModel.Shared(
            facts(), shared.shapes(), shared.frozenBytes(), true, new DryLanes(), new Zeros()));
  }

  /** The value codec for a topic of a run on {@link #thin}, in place of another. */
  public static Codec<Tensor> priced(Codec<Tensor> codec) {
    return new PricedCodec(codec);
  }

  @Override
  public ModelFacts facts() {
    return shared.facts();
  }

  @Override
  public Lanes lanes() {
    return shared.lanes();
  }

  @Override
  public Model open(ModelUse use, NodeId.Role holder, long initSeed) {
    int most = shared.shapes().positions();
    int needed = facts().maxTokens() + shared.shapes().wordPrompts(use);
    Check.that(needed <= most, "task.maxTokens with num_virtual_tokens", needed, "at most " + most);
    return new DryModel(shared, use, use.partition().heldBy(holder));
  }

  /** Gives zeros: every class scores the same. */
  @Override
  public Predictor predictor(ModelUse use, TensorMap trained) {
    return new Predictor() {
      @Override
      public Tensor logits(Batch batch) {
        return shared.zeros().tensor(batch.size(), facts().classes());
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {
    shared.lanes().close();
  }
}
