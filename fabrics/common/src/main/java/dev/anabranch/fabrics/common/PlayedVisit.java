package dev.anabranch.fabrics.common;

import dev.anabranch.core.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * A visit as the coordinator sees it.
 *
 * @param <L> its ends of links
 */
public interface PlayedVisit<L extends CoordinatorEnd> {
  NodeId device();

  L toDevice();

  /** Null for a method without a body. */
  @Nullable L toBody();

  /** Why there is no sound reply; null if there is one. Final when the visit has ended. */
  @Nullable String lost();

  /** The coordinator refused the reply. */
  void refuse(String defect);

  /** The coordinator waited for a reply in vain. */
  void miss(String reason);
}
