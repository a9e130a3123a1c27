package dev.anabranch.torch;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Check;
import dev.anabranch.core.Decoder;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Failure;
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
import dev.anabranch.torch.internal.ConfigMap;
import dev.anabranch.torch.internal.Families;
import dev.anabranch.torch.internal.Family;
import dev.anabranch.torch.internal.FamilyDecoder;
import dev.anabranch.torch.internal.FamilyModel;
import dev.anabranch.torch.internal.FamilyWeights;
import dev.anabranch.torch.internal.LaneThreads;
import java.util.List;
import java.util.Objects;

/**
 * Models of any family on libtorch, differentiated by its autograd. One frozen base is shared by
 * all models; each adds only its trained variables. Dropout is off everywhere. Safe to call from
 * any thread.
 */
final class FamilyEngine implements Engine {
  private final ModelFacts facts;
  private final Family family;
  private final FamilyWeights weights;
  private final LaneThreads lanes;

  private FamilyEngine(ModelFacts facts, Family family, FamilyWeights weights, LaneThreads lanes) {
    this.facts = facts;
    this.family = family;
    this.weights = weights;
    this.lanes = lanes;
  }

  /** Takes the stored model over, also if it is refused. */
  static FamilyEngine open(
      ModelSource source, Pretrained stored, TorchEngine.Task task, boolean bf16, int lanes) {
    try {
      var config = new ConfigMap(stored.name(), stored.config());
      var family = Families.of(config, task);
      boolean language = task.pooling() == Pooling.NONE;
      if (language != family.languageModel()) {
        throw AnabranchException.expected(
            Failure.PLAN,
            "task.kind",
            language ? "causal-lm" : "text-classification",
            (language ? "text-classification" : "causal-lm") + " for a " + family.name());
      }
      if (task.images() != family.images()) {
        throw AnabranchException.expected(
            Failure.PLAN,
            "task.kind",
            task.images() ? "image-classification" : "text-classification",
            (family.images() ? "image-classification" : "one about texts")
                + " for a "
                + family.name());
      }
      Check.that(
          task.images() || task.maxTokens() >= 1 && task.maxTokens() <= family.positions(),
          "task.maxTokens",
          task.maxTokens(),
          "1 to " + family.positions());
      var weights = new FamilyWeights(stored, bf16 && family.halves());
      if (!source.drawn()) {
        weights.require(family);
      }
      var facts =
          new ModelFacts(
              source.name(),
              family.layers(),
              family.width(),
              language ? family.classes() : task.classes(),
              task.images() ? family.positions() : task.maxTokens(),
              Objects.requireNonNullElse(family.pooling(), task.pooling()),
              source.sha256());
      return new FamilyEngine(facts, family, weights, new LaneThreads(lanes));
    } catch (RuntimeException e) {
      stored.close();
      throw e;
    }
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
    return model(use, use.partition().heldBy(holder), initSeed);
  }

  private FamilyModel model(ModelUse use, List<Partition.Segment> held, long initSeed) {
    Check.that(
        family.images() || facts.maxTokens() + use.prompts() <= family.positions(),
        "task.maxTokens with num_virtual_tokens",
        facts.maxTokens() + use.prompts(),
        "at most " + family.positions());
    return new FamilyModel(facts, family, weights, use, held, initSeed);
  }

  @Override
  public Predictor predictor(ModelUse use, TensorMap trained) {
    return new FamilyPredictor(
        TorchEngine.loaded(lanes, () -> model(use, use.partition().segments(), 0), trained));
  }

  private final class FamilyPredictor implements Predictor {
    private final FamilyModel model;

    FamilyPredictor(FamilyModel model) {
      this.model = model;
    }

    @Override
    public Tensor logits(Batch batch) {
      return lanes.run(() -> model.route().logits(batch), false).value();
    }

    @Override
    public Score score(Batch batch) {
      return lanes.run(() -> model.score(batch), false).value();
    }

    @Override
    public Decoder decoder(int sequences) {
      if (!family.languageModel()) {
        return Predictor.super.decoder(sequences);
      }
      return new FamilyDecoder(lanes, model, sequences, family.layers(), family.positions());
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /** Joins the lanes, then frees the base. Close models before. */
  @Override
  public void close() {
    lanes.close();
    weights.close();
  }
}
