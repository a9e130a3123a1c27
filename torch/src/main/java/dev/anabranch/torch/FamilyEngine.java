package dev.anabranch.torch;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Decoder;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.internal.FamilyBase;
import dev.anabranch.torch.internal.FamilyDecoder;
import dev.anabranch.torch.internal.FamilyModel;
import dev.anabranch.torch.internal.LaneThreads;

/**
 * Models of any family on libtorch, differentiated by its autograd. One frozen base is shared by
 * all models; each adds only its trained variables. Dropout is off everywhere. Safe to call from
 * any thread.
 */
final class FamilyEngine implements Engine {
  private final FamilyBase base;
  private final LaneThreads lanes;

  private FamilyEngine(FamilyBase base, LaneThreads lanes) {
    this.base = base;
    this.lanes = lanes;
  }

  /** Takes the stored model over, also if it is refused. */
  static FamilyEngine open(
      ModelSource source, Pretrained stored, TorchEngine.Task task, boolean bf16, int lanes) {
    return new FamilyEngine(FamilyBase.open(source, stored, task, bf16), new LaneThreads(lanes));
  }

  @Override
  public ModelFacts facts() {
    return base.facts();
  }

  @Override
  public Lanes lanes() {
    return lanes;
  }

  @Override
  public Model open(ModelUse use, NodeId.Role holder, long initSeed) {
    return base.model(use, use.partition().heldBy(holder), initSeed);
  }

  @Override
  public Predictor predictor(ModelUse use, TensorMap trained) {
    return new FamilyPredictor(
        TorchEngine.loaded(lanes, () -> base.model(use, use.partition().segments(), 0), trained));
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
      var family = base.family();
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
    base.close();
  }
}
