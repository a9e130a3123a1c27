package dev.anabranch.testkit;

import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TrainedState;
import java.util.Map;

/** A method whose devices hold all of the model, and whose state is what they train. */
public interface WholeModel extends TrainedState {
  @Override
  default ModelUse use(ModelFacts model) {
    return new ModelUse(
        Partition.whole(model.layers(), NodeId.Role.DEVICE),
        Map.of("whole", new Parameterisation.Everything()));
  }

  @Override
  default TensorMap begin(Setup setup) {
    return setup.initialTrainable(NodeId.Role.DEVICE);
  }
}
