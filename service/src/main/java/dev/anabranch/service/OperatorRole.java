package dev.anabranch.service;

import java.util.Locale;

/** What an operator may do; each role may do all that those before it may. */
public enum OperatorRole {
  /** Looks. */
  VIEWER,
  /** Submits and stops runs. */
  OPERATOR,
  /** Lets devices in and out, and reads the audit log. */
  ADMIN;

  /** Whether this role may do what the other one may. */
  public boolean covers(OperatorRole needed) {
    return compareTo(needed) >= 0;
  }

  /** As it is written: in lower case. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
