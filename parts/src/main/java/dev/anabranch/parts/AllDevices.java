package dev.anabranch.parts;

import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Roster;
import java.util.List;
import java.util.random.RandomGenerator;

/** Every device of the roster, in every round. */
@Folklore("full participation")
public record AllDevices() implements CohortPolicy {
  @Override
  public List<NodeId> choose(Roster roster, int round, RandomGenerator random) {
    return roster.devices().stream().sorted().toList();
  }
}
