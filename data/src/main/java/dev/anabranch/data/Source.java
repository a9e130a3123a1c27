package dev.anabranch.data;

/** Where examples come from. */
public interface Source {
  /**
   * Reads all examples.
   *
   * @param cache keeps what was fetched or took long to prepare
   * @throws dev.anabranch.core.AnabranchException if they cannot be had or are not sound
   */
  Corpus load(Cache cache);

  /** Whether an example is two texts. */
  default boolean pairs() {
    return false;
  }
}
