package dev.anabranch.methods.gossip;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Parameterisations;
import dev.anabranch.methods.Training;
import dev.anabranch.parts.Topology;
import java.util.List;

/** How a plan names {@link SingleMerge}. */
public final class SingleMergeKind implements MethodProvider {
  private static final Knob.Real LEARNING_RATE = Training.learningRate(1e-4);
  private static final Knob.OneOf TRAINED = Parameterisations.knob("everything");
  private static final Knob.OneOf TOPOLOGY = Topologies.knob();
  private static final Knob.OneOf COMMUNICATION = Communication.knob();
  private static final Knob.OneOf MERGE = Merge.knob();

  @Override
  public Kind<SingleMerge> kind() {
    return new Kind<>(
        "single-merge",
        List.of("dsgd", "gossip"),
        "agents mix with a few others and are merged once, without a coordinator between them",
        Training.knobsForAll(LEARNING_RATE, TRAINED, TOPOLOGY, COMMUNICATION, MERGE),
        s ->
            new SingleMerge(
                Training.read(s, LEARNING_RATE),
                s.make(TRAINED, Parameterisation.class),
                s.make(TOPOLOGY, Topology.class),
                s.make(COMMUNICATION, Communication.class),
                s.make(MERGE, Merge.class)));
  }
}
