package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.TorchEngine;
import dev.anabranch.torch.files.Pretrained;
import java.util.List;
import java.util.Objects;

/**
 * A model of any family for a task, and the frozen weights that all parties share. Thread-safe; the
 * owner closes it when no program uses it any more.
 */
public record FamilyBase(ModelFacts facts, Family family, FamilyWeights weights)
    implements AutoCloseable {
  /**
   * Takes the stored model over, also if it is refused.
   *
   * @param bf16 whether frozen weights are kept in half the bytes, if the family lets them
   * @throws AnabranchException MODEL for a model that does not fit its architecture, PLAN for a
   *     task that does not fit the model
   */
  public static FamilyBase open(
      ModelSource source, Pretrained stored, TorchEngine.Task task, boolean bf16) {
    try {
      var config = new ConfigMap(stored.name(), stored.config());
      var family = Families.of(config, task);
      boolean language = task.pooling() == Pooling.NONE;
      requireKind(family, task, language);
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
      return new FamilyBase(facts, family, weights);
    } catch (RuntimeException e) {
      stored.close();
      throw e;
    }
  }

  private static void requireKind(Family family, TorchEngine.Task task, boolean language) {
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
  }

  /** Refuses prompts that leave the longest input without positions. */
  public void requireRoom(ModelUse use) {
    Check.that(
        family.images() || facts.maxTokens() + use.prompts() <= family.positions(),
        "task.maxTokens with num_virtual_tokens",
        facts.maxTokens() + use.prompts(),
        "at most " + family.positions());
  }

  /** Some segments of the model; on a lane. */
  public FamilyModel model(ModelUse use, List<Partition.Segment> held, long initSeed) {
    requireRoom(use);
    return new FamilyModel(facts, family, weights, use, held, initSeed);
  }

  @Override
  public void close() {
    weights.close();
  }
}
