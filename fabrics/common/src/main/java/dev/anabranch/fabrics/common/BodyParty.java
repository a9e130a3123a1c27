package dev.anabranch.fabrics.common;

import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;

/** The host of the body during one visit of a device. Belongs to its program. */
public final class BodyParty extends VisitParty implements BodyHost {
  /** Who hosts the body. */
  public static final NodeId BODY = NodeId.body(0);

  private final NodeId device;

  /**
   * @param device that is served
   */
  public BodyParty(NodeId device, Job job, ModelUse use, Meter meter, Surroundings around) {
    super(BODY, job, use, meter, around);
    this.device = device;
  }

  @Override
  public Link device() {
    return around.link(device);
  }
}
