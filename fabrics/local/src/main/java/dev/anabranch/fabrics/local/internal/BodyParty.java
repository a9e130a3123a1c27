package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Link;
import dev.anabranch.core.Model;
import java.util.Objects;

/** The host of the body during one visit. Belongs to its program. */
final class BodyParty extends Party implements BodyHost {
  private final Visit visit;

  BodyParty(Shared shared, Program program, Meter meter, Visit visit) {
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
  public Link device() {
    return Objects.requireNonNull(visit.bodyToDevice).outer();
  }

  @Override
  public Link coordinator() {
    return Objects.requireNonNull(visit.bodyToCoordinator).outer();
  }

  @Override
  public Model model() {
    return openModel();
  }
}
