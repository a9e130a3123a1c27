package dev.anabranch.fabrics.common;

import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;

/** A party during one visit. Belongs to its program. */
public abstract sealed class VisitParty extends Party permits DeviceParty, BodyParty {
  final Surroundings around;

  VisitParty(NodeId id, Job job, ModelUse use, Meter meter, Surroundings around) {
    super(id, job, use, meter);
    this.around = around;
  }

  @Override
  final int currentRound() {
    return around.round();
  }

  public final int round() {
    return around.round();
  }

  public final Link coordinator() {
    return around.link(NodeId.COORDINATOR);
  }

  public final Model model() {
    return openModel();
  }
}
