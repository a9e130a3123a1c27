package dev.anabranch.core;

import org.jspecify.annotations.Nullable;

/**
 * Checks of values that a user wrote; each throws {@link AnabranchException} of kind {@link
 * Failure#PLAN}.
 */
public final class Check {
  private Check() {}

  /** Throws {@code name: value (expected: …)} unless {@code holds}. */
  public static void that(boolean holds, String name, @Nullable Object value, String expected) {
    if (!holds) {
      throw AnabranchException.expected(Failure.PLAN, name, value, expected);
    }
  }
}
