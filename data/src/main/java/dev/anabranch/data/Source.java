package dev.anabranch.data;

import org.jspecify.annotations.Nullable;

/** Where examples come from. */
public interface Source {
  /**
   * Reads all examples.
   *
   * @param cache keeps what was fetched or took long to prepare
   * @throws dev.anabranch.core.AnabranchException if they cannot be had or are not sound
   */
  Examples load(Cache cache);

  /** Whether an example is two texts. */
  default boolean pairs() {
    return false;
  }

  /** How pixels become numbers; null: examples are texts. */
  default Pictures.@Nullable Normal normal() {
    return null;
  }
}
