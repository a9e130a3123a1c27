package dev.anabranch.core;

/** A transfer that has been started. */
public interface Sending {
  Sending NONE = () -> {};

  /** Blocks until the message has left this side. */
  void await();
}
