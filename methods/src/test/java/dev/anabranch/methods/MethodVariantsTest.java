package dev.anabranch.methods;

import dev.anabranch.methods.gossip.SingleMergeKind;
import dev.anabranch.methods.overlap.ParaBlockKinds;
import java.util.Map;
import org.junit.jupiter.api.Nested;

/** The contract once more, of methods with other settings. */
final class MethodVariantsTest {
  @Nested
  final class OfSingleMergeAtRandom extends MethodContractTest.Kit {
    OfSingleMergeAtRandom() {
      super(
          new SingleMergeKind(),
          Map.of(
              "topology",
              Map.of("random", Map.of("rate", 1.5, "mode", "matching")),
              "communication",
              "adaptive",
              "merge",
              Map.of("exponential", Map.of("times", 2))));
    }
  }

  @Nested
  final class OfParaBlockThatDrops extends MethodContractTest.Kit {
    OfParaBlockThatDrops() {
      super(
          new ParaBlockKinds.Parallel(),
          Map.of("finish", false, "embeddings", true, "order", "random", "rounds", 4));
    }
  }
}
