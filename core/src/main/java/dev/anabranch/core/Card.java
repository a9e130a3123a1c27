package dev.anabranch.core;

import java.util.Set;

/**
 * What a method is called and what it needs; copied into every run record.
 *
 * @param name as in a plan
 * @param needs compared with {@link Fabric#abilities()} before anything starts
 * @param decidesByCost whether what visits took ({@link Visits#cost}) decides anything: then the
 *     same seed gives other trained variables where another clock goes
 */
public record Card(String name, Set<Ability> needs, boolean decidesByCost) {
  public Card {
    needs = Set.copyOf(needs);
  }

  /** Of a method that does the same by any clock. */
  public Card(String name, Set<Ability> needs) {
    this(name, needs, false);
  }
}
