package dev.anabranch.app.daemon;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.time.LocalTime;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What the owner of a device lets it do.
 *
 * @param memoryBytes for the device's part; 0: no limit
 * @param lanes threads of tensor work; 0: as the plan says
 * @param bytesPerSecond that are sent, on the average over a message; 0: no limit
 * @param from hour at which it may begin to work
 * @param to hour at which it stops; the same as {@code from}: always
 * @param methods that it takes part in; empty: any
 */
public record OwnerLimits(
    long memoryBytes, int lanes, long bytesPerSecond, int from, int to, List<String> methods) {
  private static final Pattern HOURS = Pattern.compile("([01]?\\d|2[0-3])-([01]?\\d|2[0-3])");

  public OwnerLimits {
    methods = List.copyOf(methods);
    if (memoryBytes < 0 || lanes < 0 || lanes > 1024 || bytesPerSecond < 0) {
      throw AnabranchException.expected(
          Failure.USAGE,
          "limits",
          "below 0 or above all measure",
          "0, which means no limit, or more");
    }
  }

  /** No limit at all. */
  public static OwnerLimits none() {
    return new OwnerLimits(0, 0, 0, 0, 0, List.of());
  }

  /** The same between these hours alone, as {@code 22-6}; empty: always. */
  public OwnerLimits withHours(String hours) {
    if (hours.isEmpty()) {
      return this;
    }
    var m = HOURS.matcher(hours);
    if (!m.matches()) {
      throw AnabranchException.expected(
          Failure.USAGE, "--hours", hours, "two hours of the day, as 22-6");
    }
    return new OwnerLimits(
        memoryBytes,
        lanes,
        bytesPerSecond,
        Integer.parseInt(m.group(1)),
        Integer.parseInt(m.group(2)),
        methods);
  }

  /** Whether the device may work at this time of the day. */
  public boolean open(LocalTime now) {
    if (from == to) {
      return true;
    }
    int hour = now.getHour();
    return from < to ? hour >= from && hour < to : hour >= from || hour < to;
  }

  /** Refuses what the owner has ruled out before anything was loaded. */
  void require(RunPlan plan, LocalTime now) {
    if (!methods.isEmpty() && !methods.contains(plan.methodName())) {
      throw AnabranchException.expected(
          Failure.REFUSED,
          "method",
          plan.methodName(),
          "one that this device's owner allows: " + String.join(", ", methods));
    }
    if (!open(now)) {
      throw AnabranchException.expected(
          Failure.REFUSED,
          "hours",
          now.withNano(0),
          from + ":00 to " + to + ":00, as this device's owner allows");
    }
  }

  /** Refuses a part that is too large. */
  void requireMemory(RunPlan plan, long needed) {
    if (memoryBytes > 0 && needed > memoryBytes) {
      throw AnabranchException.expected(
          Failure.INFEASIBLE,
          "memory",
          Units.memory(memoryBytes) + " by this device's owner",
          "at least " + Units.memory(needed) + " for the device's part of " + plan.methodName());
    }
  }
}
