package dev.anabranch.core;

/** Bytes that are not the message that was expected. */
public final class WireException extends AnabranchException {
  private static final long serialVersionUID = 1L;

  public WireException(String message) {
    super(Failure.CORRUPT, message);
  }
}
