package dev.anabranch.fabrics.local.internal;

/** Unwinds a program whose run has failed elsewhere. */
final class Stopped extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Stopped() {
    super("the run has ended", null, false, false);
  }
}
