package dev.anabranch.methods;

import dev.anabranch.core.Folklore;

/** How the learning rate goes down over the rounds of a run; within a visit it is constant. */
@Folklore("learning rate schedules, by rounds where central training counts steps")
public enum Schedule {
  /** The same in every round. */
  CONSTANT,
  /** 1 − r/R. */
  LINEAR,
  /** (1 + cos(π r/R)) / 2. */
  COSINE;

  /**
   * The share of the full learning rate, above 0 to 1.
   *
   * @param round r, from 0 to rounds − 1
   * @param rounds R
   */
  public double factor(int round, int rounds) {
    return switch (this) {
      case CONSTANT -> 1;
      case LINEAR -> 1 - round / (double) rounds;
      case COSINE -> (1 + Math.cos(Math.PI * round / rounds)) / 2;
    };
  }
}
