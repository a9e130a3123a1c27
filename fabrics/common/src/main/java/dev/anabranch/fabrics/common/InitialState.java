package dev.anabranch.fabrics.common;

import dev.anabranch.core.Engine;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Trainable;
import java.util.function.Function;

/** What the first state is made of. */
record InitialState(Engine engine, ModelUse use, long seed) implements Setup {
  @Override
  public ModelFacts model() {
    return engine.facts();
  }

  @Override
  public TensorMap initialTrainable(NodeId.Role holder) {
    return copied(holder, Model::trainable);
  }

  @Override
  public TensorMap initialTrainable(NodeId.Role holder, String segment) {
    return copied(holder, model -> model.trainable(segment));
  }

  private TensorMap copied(NodeId.Role holder, Function<Model, Trainable> part) {
    return engine
        .lanes()
        .run(
            () -> {
              try (var model = engine.open(use, holder, seed)) {
                return part.apply(model).copy();
              }
            },
            false)
        .value();
  }
}
