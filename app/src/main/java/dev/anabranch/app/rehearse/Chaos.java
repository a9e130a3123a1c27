package dev.anabranch.app.rehearse;

import dev.anabranch.core.Seeds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/** Faults drawn from a seed: of any kind, of any process, at any moment of any round. */
final class Chaos {
  /**
   * A fault strikes 1 to 2000 ms after its round has begun, and lasts for 1 to 8 s; both are drawn
   * on a logarithmic scale, as nobody knows how long a round takes.
   */
  private static final int LATEST_MILLIS = 2000;

  private static final int LONGEST_SECONDS = 8;

  private Chaos() {}

  /**
   * Draws faults, in the order of their rounds.
   *
   * @param rounds that the plan has
   * @param body whether there is one
   */
  static List<Fault> draw(long seed, int count, int devices, int rounds, boolean body) {
    var random = Seeds.stream(seed, "chaos");
    var out = new ArrayList<Fault>();
    for (int i = 0; i < count; i++) {
      out.add(Fault.parse(one(random, devices, rounds, body)));
    }
    out.sort(Comparator.comparingInt(Fault::round).thenComparing(Fault::after));
    return out;
  }

  private static String one(RandomGenerator random, int devices, int rounds, boolean body) {
    var kind = Fault.Kind.values()[random.nextInt(Fault.Kind.values().length)];
    // The coordinator's own line cannot be cut: all lines end there.
    int which = random.nextInt(devices + (body ? 1 : 0) + (kind == Fault.Kind.CUT ? 0 : 1));
    var when = "@" + (1 + random.nextInt(rounds)) + "+" + scaled(random, LATEST_MILLIS) + "ms";
    var lasting = ":" + scaled(random, LONGEST_SECONDS) + "s";
    var player =
        which < devices
            ? (kind == Fault.Kind.CUT ? "link-" : "device-") + (1 + which)
            : which == devices && body ? "body" : "coordinator";
    return switch (kind) {
      case KILL -> "kill-" + player + when;
      case STOP -> "stop-" + player + when + lasting;
      case CUT -> "cut-" + player + when + lasting;
    };
  }

  /** A number from 1 to the most. */
  private static int scaled(RandomGenerator random, int most) {
    return (int) Math.round(Math.pow(most, random.nextDouble()));
  }
}
