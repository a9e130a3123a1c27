package dev.anabranch.core;

import java.util.Set;

/**
 * What a method is called and what it needs; copied into every run record.
 *
 * @param name as in a plan
 * @param needs compared with {@link Fabric#abilities()} before anything starts
 */
public record Card(String name, Set<Ability> needs) {
  public Card {
    needs = Set.copyOf(needs);
  }
}
