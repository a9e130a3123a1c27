package dev.anabranch.fabrics.common;

import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Topic;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's end of the link to a party of a visit. Belongs to the coordinator's program.
 */
public interface CoordinatorEnd extends Link {
  /** This end as the method sees it. */
  default Link outer() {
    return this;
  }

  /**
   * As {@link #receive}; the caller frees it.
   *
   * @throws LinkLostException if the peer is gone
   */
  <T> Received<T> take(Topic<T> topic);

  /** Why the peer is gone, as far as this end has seen. */
  @Nullable String lost();

  /** The peer's message was refused: it counts as gone. */
  void refuse(String reason);
}
