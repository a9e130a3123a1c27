package dev.anabranch.torch;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Check;
import dev.anabranch.core.Engine;
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
import dev.anabranch.torch.internal.Base;
import dev.anabranch.torch.internal.BertModel;
import dev.anabranch.torch.internal.Checkpoint;
import dev.anabranch.torch.internal.LaneThreads;
import dev.anabranch.torch.internal.LibTorch;
import java.util.List;
import java.util.function.Supplier;

/**
 * BERT classifiers on libtorch. One frozen base is shared by all models; each model adds only its
 * trained variables. Dropout is off everywhere. Safe to call from any thread.
 */
public final class TorchEngine implements Engine {
  private final ModelFacts facts;
  private final BertShapes shapes;
  private final Base base;
  private final LaneThreads lanes;

  /**
   * What the model is used for.
   *
   * @param classes number of labels, at least 2; a language model has its vocabulary instead
   * @param maxTokens longest input, prompts not counted
   * @param pooling how the classifier reads the sequence; {@link Pooling#NONE} for a language model
   * @param images whether inputs are images: they have no tokens, and the model its own pooling
   */
  public record Task(int classes, int maxTokens, Pooling pooling, boolean images) {
    /** A task about texts. */
    public Task(int classes, int maxTokens, Pooling pooling) {
      this(classes, maxTokens, pooling, false);
    }

    public Task {
      Check.that(classes >= 2 || pooling == Pooling.NONE, "classes", classes, "at least 2");
    }
  }

  private TorchEngine(ModelFacts facts, BertShapes shapes, Base base, LaneThreads lanes) {
    this.facts = facts;
    this.shapes = shapes;
    this.base = base;
    this.lanes = lanes;
  }

  /**
   * Checks the model file and starts the lanes; weights are loaded when they are first needed.
   *
   * @param frozen precision of frozen layers
   * @param lanes threads that compute, at least 1
   * @throws dev.anabranch.core.AnabranchException CORRUPT or MODEL for a bad file, PLAN for a task
   *     that does not fit the model
   */
  public static TorchEngine open(ModelSource source, Task task, Precision frozen, int lanes) {
    Check.that(lanes >= 1, "lanes", lanes, "at least 1");
    Check.that(
        task.pooling() != Pooling.NONE, "task.kind", "causal-lm", "text-classification for a bert");
    var checkpoint = Checkpoint.open(source.file(), source.keepLayers());
    var config = checkpoint.config();
    try {
      Check.that(
          task.maxTokens() >= 1 && task.maxTokens() <= config.positions(),
          "task.maxTokens",
          task.maxTokens(),
          "1 to " + config.positions());
      boolean bf16 =
          switch (frozen) {
            case AUTO -> LibTorch.bf16();
            case FP32 -> false;
            case BF16 -> true;
          };
      var facts =
          new ModelFacts(
              source.name(),
              config.layers(),
              config.width(),
              task.classes(),
              task.maxTokens(),
              task.pooling(),
              source.sha256());
      return new TorchEngine(
          facts, config.shapes(task.classes()), new Base(checkpoint, bf16), new LaneThreads(lanes));
    } catch (RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  @Override
  public ModelFacts facts() {
    return facts;
  }

  /** Names and shapes of this model's variables. */
  public BertShapes shapes() {
    return shapes;
  }

  @Override
  public Lanes lanes() {
    return lanes;
  }

  @Override
  public Model open(ModelUse use, NodeId.Role holder, long initSeed) {
    return model(use, use.partition().heldBy(holder), initSeed);
  }

  private BertModel model(ModelUse use, List<Partition.Segment> held, long initSeed) {
    int words = shapes.wordPrompts(use);
    Check.that(
        facts.maxTokens() + words <= shapes.positions(),
        "task.maxTokens with num_virtual_tokens",
        facts.maxTokens() + words,
        "at most " + shapes.positions());
    return new BertModel(facts, base, use, held, initSeed);
  }

  @Override
  public Predictor predictor(ModelUse use, TensorMap trained) {
    var model = loaded(lanes, () -> model(use, use.partition().segments(), 0), trained);
    return new Predictor() {
      @Override
      public Tensor logits(Batch batch) {
        return lanes.run(() -> model.route().logits(batch), false).value();
      }

      @Override
      public void close() {
        model.close();
      }
    };
  }

  /** Opens a model on a lane and puts trained variables in; closes it if they do not fit. */
  static <M extends Model> M loaded(LaneThreads lanes, Supplier<M> open, TensorMap trained) {
    return lanes
        .run(
            () -> {
              var model = open.get();
              try {
                model.trainable().load(trained);
                return model;
              } catch (RuntimeException e) {
                model.close();
                throw e;
              }
            },
            false)
        .value();
  }

  /** Joins the lanes, then frees the base. Close models before. */
  @Override
  public void close() {
    lanes.close();
    base.close();
  }
}
