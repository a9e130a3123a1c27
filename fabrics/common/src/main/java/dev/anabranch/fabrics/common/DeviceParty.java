package dev.anabranch.fabrics.common;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Device;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Metrics;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Shard;
import dev.anabranch.core.TensorMap;

/** A device during one visit. Belongs to its program. */
public final class DeviceParty extends VisitParty implements Device {
  public DeviceParty(NodeId id, Job job, ModelUse use, Meter meter, Surroundings around) {
    super(id, job, use, meter, around);
  }

  @Override
  public Link link(NodeId peer) {
    switch (peer.role()) {
      case BODY -> refuseUnless(Ability.BODY_LINKS, peer);
      case DEVICE -> refuseUnless(Ability.PEER_LINKS, peer);
      case COORDINATOR -> {}
    }
    return around.link(peer);
  }

  private void refuseUnless(Ability needed, NodeId peer) {
    if (!around.needs(needed)) {
      throw new IllegalStateException(
          "link to " + peer + ": refused (expected: a method that needs " + needed + ")");
    }
  }

  @Override
  public Shard data() {
    return job.hosts().shards().get(id().index());
  }

  @Override
  public void release() {
    closeModel();
  }

  @Override
  public Memory memory() {
    return around.memory();
  }

  @Override
  public Metrics evaluate(TensorMap trained) {
    Meter.refuseOnLane("evaluate: called");
    return meter.beside(() -> job.scoring().evaluation().score(trained, meter::check));
  }
}
