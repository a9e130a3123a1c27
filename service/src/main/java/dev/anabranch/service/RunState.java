package dev.anabranch.service;

import java.util.Locale;

/** Where a run stands. */
public enum RunState {
  /** Waits for its turn. */
  PENDING,
  RUNNING,
  /** Was asked to stop and has not yet. */
  STOPPING,
  COMPLETED,
  FAILED,
  STOPPED;

  /** Whether nothing more will happen. */
  public boolean ended() {
    return compareTo(COMPLETED) >= 0;
  }

  /** As it is written: in lower case. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
