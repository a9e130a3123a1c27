package dev.anabranch.app.run;

import dev.anabranch.core.Batch;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.Map;

/**
 * A model of our own as a black box. Safe to call from any thread; closing it closes the engine.
 *
 * @param predictor of the engine, with nothing trained
 */
record EngineBox(Engine engine, Predictor predictor) implements BlackBox {
  static EngineBox of(Engine engine) {
    var whole = Partition.whole(engine.facts().layers(), NodeId.Role.DEVICE);
    return new EngineBox(
        engine, engine.predictor(new ModelUse(whole, Map.of()), TensorMap.empty()));
  }

  @Override
  public String name() {
    return engine.facts().name();
  }

  @Override
  public int vocabulary() {
    return engine.facts().classes();
  }

  @Override
  public Tensor logits(Inputs.Tokens tokens) {
    int[] none = new int[tokens.size()];
    return predictor.logits(new Batch(none, tokens, none));
  }

  @Override
  public void close() {
    predictor.close();
    engine.close();
  }
}
