package dev.anabranch.fabrics.local;

import dev.anabranch.core.Fabric;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.testkit.Gossip;
import dev.anabranch.testkit.MethodContract;
import dev.anabranch.testkit.Remembering;
import dev.anabranch.testkit.Split;
import dev.anabranch.testkit.Star;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Nested;

final class ContractTest {
  /** The contract on this fabric. */
  abstract static class Kit extends MethodContract {
    private final Method<?> method;

    Kit(Method<?> method) {
      this.method = method;
    }

    @Override
    protected Method<?> method() {
      return method;
    }

    @Override
    protected Fabric fabric(int resident, UnaryOperator<Link> links) {
      return new LocalFabric(resident, links);
    }
  }

  @Nested
  final class OfStar extends Kit {
    OfStar() {
      super(Star.of(3));
    }
  }

  @Nested
  final class OfSplit extends Kit {
    OfSplit() {
      super(Split.method(3));
    }
  }

  @Nested
  final class OfGossip extends Kit {
    OfGossip() {
      super(Gossip.method(3));
    }
  }

  @Nested
  final class OfRemembering extends Kit {
    OfRemembering() {
      super(Remembering.method(4));
    }
  }
}
