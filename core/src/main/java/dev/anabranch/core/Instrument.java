package dev.anabranch.core;

import java.util.Map;
import java.util.SortedMap;

/**
 * Something more that is measured when a state is scored, such as a model that is made of the
 * trained one. Charged to nobody.
 */
@FunctionalInterface
public interface Instrument {
  /**
   * Figures by name, as the run log keeps them.
   *
   * @param trained the model with the state's trained variables put in; it stays with the caller
   * @param beside the model with other variables of the state, by their name there; the same
   * @param check to be called before each piece of work: throws when nobody waits for the figures
   *     any more; models that are passed in call it themselves
   */
  SortedMap<String, Double> measure(
      Predictor trained, Map<String, Predictor> beside, Runnable check);
}
