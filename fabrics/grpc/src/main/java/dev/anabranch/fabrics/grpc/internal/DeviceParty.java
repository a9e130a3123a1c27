package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Device;
import dev.anabranch.core.Link;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Metrics;
import dev.anabranch.core.Model;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Shard;
import dev.anabranch.core.TensorMap;

/** A device during one attempt of a visit. Belongs to its program. */
final class DeviceParty extends Party implements Device {
  private final Attempt attempt;

  DeviceParty(Attempt attempt, NodeId id, AgentRun run, Meter meter) {
    super(id, run.job(), run.use(), meter);
    this.attempt = attempt;
  }

  @Override
  int currentRound() {
    return attempt.round();
  }

  @Override
  public int round() {
    return attempt.round();
  }

  @Override
  public Link coordinator() {
    return attempt.link(NodeId.COORDINATOR);
  }

  @Override
  public Link link(NodeId peer) {
    switch (peer.role()) {
      case BODY -> refuseUnless(Ability.BODY_LINKS, peer);
      case DEVICE -> refuseUnless(Ability.PEER_LINKS, peer);
      case COORDINATOR -> {}
    }
    return attempt.link(peer);
  }

  private void refuseUnless(Ability needed, NodeId peer) {
    if (!attempt.needs(needed)) {
      throw new IllegalStateException(
          "link to " + peer + ": refused (expected: a method that needs " + needed + ")");
    }
  }

  @Override
  public Shard data() {
    return job.hosts().shards().get(id().index());
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
    return attempt.memory();
  }

  @Override
  public Metrics evaluate(TensorMap trained) {
    Meter.refuseOnLane("evaluate: called");
    return job.scoring().evaluation().score(trained);
  }
}
