package dev.anabranch.fabrics.local;

import dev.anabranch.core.Fabric;
import dev.anabranch.testkit.AssertingLinks;
import dev.anabranch.testkit.LinkContract;

final class LocalLinkTest extends LinkContract {
  @Override
  protected Fabric fabric() {
    return new LocalFabric(2, new AssertingLinks());
  }
}
