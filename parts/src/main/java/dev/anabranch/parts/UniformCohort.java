package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Roster;
import dev.anabranch.core.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * A fixed number of devices, drawn without replacement, each set of them equally likely: the random
 * set S_t of Algorithm 1.
 *
 * @param size devices in a cohort, at least 1 and at most as many as there are
 */
@Paper(
    title = "Communication-Efficient Learning of Deep Networks from Decentralized Data",
    url = "https://arxiv.org/abs/1602.05629")
public record UniformCohort(int size) implements CohortPolicy {
  public UniformCohort {
    Check.that(size >= 1, "cohort", size, "at least 1");
  }

  @Override
  public List<NodeId> choose(Roster roster, int round, RandomGenerator random) {
    var devices = roster.devices();
    int n = devices.size();
    Check.that(size <= n, "cohort", size, "at most " + n + (n == 1 ? " device" : " devices"));
    int[] order = IntStream.range(0, n).toArray();
    Seeds.shuffle(order, random);
    return Arrays.stream(order, 0, size).mapToObj(devices::get).sorted().toList();
  }
}
