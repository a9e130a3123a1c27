package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Device;
import dev.anabranch.core.Link;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Metrics;
import dev.anabranch.core.Model;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Shard;
import dev.anabranch.core.TensorMap;

/** A device during one visit. Belongs to its program. */
final class DeviceParty extends Party implements Device {
  private final Visit visit;

  DeviceParty(Shared shared, Program program, Meter meter, Visit visit) {
    super(shared, program, meter);
    this.visit = visit;
  }

  @Override
  int currentRound() {
    return visit.round;
  }

  @Override
  public int round() {
    return visit.round;
  }

  @Override
  public Link coordinator() {
    return visit.deviceToCoordinator.outer();
  }

  @Override
  public Link link(NodeId peer) {
    return switch (peer.role()) {
      case COORDINATOR -> coordinator();
      case BODY -> {
        refuseUnless(Ability.BODY_LINKS, peer);
        yield java.util.Objects.requireNonNull(visit.deviceToBody).outer();
      }
      case DEVICE -> {
        refuseUnless(Ability.PEER_LINKS, peer);
        yield visit.peer(peer).outer();
      }
    };
  }

  private void refuseUnless(Ability needed, NodeId peer) {
    if (!shared.needs(needed)) {
      throw new IllegalStateException(
          "link to " + peer + ": refused (expected: a method that needs " + needed + ")");
    }
  }

  @Override
  public Shard data() {
    return shared.job.hosts().shards().get(id().index());
  }

  @Override
  public Model model() {
    return openModel();
  }

  @Override
  public void release() {
    closeModel();
  }

  @Override
  public Memory memory() {
    return visit.deviceMemory;
  }

  @Override
  public Metrics evaluate(TensorMap trained) {
    if (Meter.onLane()) {
      throw new IllegalStateException(
          "evaluate: called on a lane (expected: outside of lane work)");
    }
    shared.gate.readLock().lock();
    try {
      return shared.job.scoring().evaluation().score(trained);
    } finally {
      shared.gate.readLock().unlock();
    }
  }
}
