package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Link;
import dev.anabranch.core.Model;
import dev.anabranch.core.NodeId;

/** The host of the body during one attempt of a visit. Belongs to its program. */
final class BodyParty extends Party implements BodyHost {
  private final Attempt attempt;

  BodyParty(Attempt attempt, AgentRun run, Meter meter) {
    super(RemoteVisit.BODY, run.job(), run.use(), meter);
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
  public Link device() {
    return attempt.link(attempt.device());
  }

  @Override
  public Link coordinator() {
    return attempt.link(NodeId.COORDINATOR);
  }

  @Override
  public Model model() {
    return openModel();
  }
}
