package dev.anabranch.core;

/** The peer of a link is gone. The only exception after which a visit may be tried again. */
public final class LinkLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LinkLostException(NodeId peer, String reason) {
    super("link to " + peer + ": lost (" + reason + ")");
  }
}
