package dev.anabranch.fabrics.grpc.internal;

/** Where the frames that come in on a leg go. */
interface Taker {
  /**
   * The next frame, verified. With the leg's lock held; {@link Leg#taken} follows when it has been
   * taken.
   */
  void take(Received frame, Sections.Part part);

  /** Nothing comes or goes any more. Once, without the lock. */
  void over(String reason);

  /** The line is up (again), or cut. Without the lock. */
  default void connected(boolean up) {}
}
