package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId.Role;
import dev.anabranch.core.Totals;
import java.util.LinkedHashMap;
import java.util.Map;

/** What can be refused before anything runs. */
public final class Feasibility {
  private Feasibility() {}

  /** Refuses a cohort larger than the devices, and a quorum larger than the cohort. */
  public static void requireCohort(RunPlan plan, int devices) {
    long cohort = plan.methodNumber("cohort").orElse((long) devices);
    var at = "method." + plan.methodName() + ".";
    Check.that(
        cohort <= devices, at + "cohort", cohort, "at most " + devices + ", the number of devices");
    long quorum = plan.methodNumber("quorum").orElse(1L);
    Check.that(
        quorum <= cohort, at + "quorum", quorum, "at most " + cohort + ", the size of the cohort");
  }

  /**
   * Most native bytes that a device of each profile needs; that of the busiest where none of it
   * took part.
   */
  public static Map<DeviceProfile, Long> peaks(RunPlan plan, Totals totals) {
    var profiles = plan.profiles();
    var out = new LinkedHashMap<DeviceProfile, Long>();
    totals
        .peaks()
        .forEach((node, bytes) -> {
          if (node.role() == Role.DEVICE) {
            out.merge(profiles.get(node.index() % profiles.size()), bytes, Math::max);
          }
        });
    profiles.forEach(profile -> out.putIfAbsent(profile, totals.peak(Role.DEVICE)));
    return out;
  }

  /** Refuses a profile without the memory for its part. */
  public static void requireMemory(RunPlan plan, Totals totals) {
    peaks(plan, totals)
        .forEach((profile, bytes) ->
            require(plan, "devices.profiles", profile, bytes, "the device's part"));
    require(plan, "devices.body", plan.bodyProfile(), totals.peak(Role.BODY), "the body's part");
  }

  private static void require(
      RunPlan plan, String key, DeviceProfile profile, long bytes, String part) {
    if (bytes > profile.memoryBytes()) {
      throw AnabranchException.expected(
          Failure.INFEASIBLE,
          key,
          profile.name() + " has " + Units.memory(profile.memoryBytes()),
          "at least " + Units.memory(bytes) + " for " + part + " of " + plan.methodName());
    }
  }
}
