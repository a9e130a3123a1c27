package dev.anabranch.fabrics.local;

import dev.anabranch.core.Fabric;
import dev.anabranch.core.Method;
import dev.anabranch.testkit.AssertingLinks;
import dev.anabranch.testkit.Gossip;
import dev.anabranch.testkit.MethodContract;
import dev.anabranch.testkit.Remembering;
import dev.anabranch.testkit.Split;
import dev.anabranch.testkit.Star;
import org.junit.jupiter.api.Nested;

final class ContractTest {
  @Nested
  final class OfStar extends MethodContract {
    @Override
    protected Method<?> method() {
      return Star.of(3);
    }

    @Override
    protected Fabric fabric(int resident) {
      return new LocalFabric(resident, new AssertingLinks());
    }
  }

  @Nested
  final class OfSplit extends MethodContract {
    @Override
    protected Method<?> method() {
      return Split.method(3);
    }

    @Override
    protected Fabric fabric(int resident) {
      return new LocalFabric(resident, new AssertingLinks());
    }
  }

  @Nested
  final class OfGossip extends MethodContract {
    @Override
    protected Method<?> method() {
      return Gossip.method(3);
    }

    @Override
    protected Fabric fabric(int resident) {
      return new LocalFabric(resident, new AssertingLinks());
    }
  }

  @Nested
  final class OfRemembering extends MethodContract {
    @Override
    protected Method<?> method() {
      return Remembering.method(4);
    }

    @Override
    protected Fabric fabric(int resident) {
      return new LocalFabric(resident, new AssertingLinks());
    }
  }
}
