package dev.anabranch.service;

import java.util.Locale;

/** What an enrolled process stands for. */
public enum AgentRole {
  /** A device with examples of its own. */
  DEVICE,
  /** A host of the body. */
  BODY;

  /** As it is written: in lower case. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
