package dev.anabranch.core;

import java.util.List;
import java.util.Set;

/**
 * Injected losses of devices.
 *
 * @param rate share of visits that are lost, drawn by seed
 * @param visits losses by name
 * @param poisoned visits whose update turns to NaN, to see it refused
 */
public record Faults(double rate, List<Visit> visits, Set<Visit> poisoned) {
  /** One visit. */
  public record Visit(int device, int round) {}

  public static final Faults NONE = new Faults(0, List.of(), Set.of());

  public Faults {
    Check.that(rate >= 0 && rate < 1, "faults.rate", rate, "0 to below 1");
    visits = List.copyOf(visits);
    poisoned = Set.copyOf(poisoned);
  }

  /** Whether a visit is lost. */
  public boolean loses(long seed, int device, int round) {
    return visits.contains(new Visit(device, round))
        || (rate > 0 && Seeds.stream(seed, "fault", device, round).nextDouble() < rate);
  }
}
