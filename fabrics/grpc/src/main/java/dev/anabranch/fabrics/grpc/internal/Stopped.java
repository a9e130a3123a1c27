package dev.anabranch.fabrics.grpc.internal;

/** Unwinds a program that has nobody left to work for: its attempt is over, or its run. */
final class Stopped extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Stopped(String reason) {
    super(reason, null, false, false);
  }
}
