package dev.anabranch.fabrics.common;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Method;
import java.util.Set;
import java.util.TreeSet;

/** Compares what a method needs with what a fabric can do. */
public final class Abilities {
  private Abilities() {}

  /**
   * Refuses a method that needs more than there is.
   *
   * @throws AnabranchException of kind UNSUPPORTED
   */
  public static void require(Method<?> method, Set<Ability> abilities) {
    var missing = new TreeSet<>(method.card().needs());
    missing.removeAll(abilities);
    if (!missing.isEmpty()) {
      throw new AnabranchException(
          Failure.UNSUPPORTED,
          "method "
              + method.card().name()
              + " needs: "
              + missing
              + " (expected: some of "
              + abilities
              + ")");
    }
  }
}
