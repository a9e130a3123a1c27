package dev.anabranch.fabrics.common;

/** Unwinds a program that has nobody left to work for: its attempt is over, or its run. */
public final class Stopped extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Stopped(String reason) {
    super(reason, null, false, false);
  }
}
