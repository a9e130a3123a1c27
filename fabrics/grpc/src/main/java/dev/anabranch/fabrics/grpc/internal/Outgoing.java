package dev.anabranch.fabrics.grpc.internal;

/** The frames that one side of a leg has to send. Called with the leg's lock held. */
interface Outgoing {
  /** The first number that there is not yet; numbers begin at 1. */
  long end();

  /** Whether nothing will follow. */
  boolean ended();

  /** What a frame counts for in the window. */
  int cost(long number);

  Piece piece(long number);

  /** Frames below this number will not be asked for again. */
  void acknowledged(long below);

  /** Called after {@link #acknowledged}, without the lock. */
  void settle();
}
