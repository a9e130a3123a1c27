package dev.anabranch.app.estimate;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.Summary;
import dev.anabranch.app.run.Dataset;
import dev.anabranch.app.run.Feasibility;
import dev.anabranch.core.Totals;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What a plan will cost.
 *
 * @param plan what was asked
 * @param devices how many there are
 * @param totals of the whole run, as the ledger of a run without values has them
 * @param virtualSeconds by the virtual clock
 * @param breakEven traffic against full fine-tuning; null if the method has no examples to vary
 */
public record Estimate(
    RunPlan plan,
    int devices,
    Totals totals,
    double virtualSeconds,
    @Nullable BreakEven breakEven) {

  /**
   * Traffic of one visit as a line over the examples it trains on, against that of full
   * fine-tuning.
   *
   * @param fixedBytes of a visit, whatever its examples
   * @param bytesPerExample more for each retained example
   * @param fullBytes of a visit of full fine-tuning
   */
  public record BreakEven(double fixedBytes, double bytesPerExample, double fullBytes) {
    /** Retained examples a visit at which both cost the same; empty if the lines never meet. */
    public OptionalDouble examples() {
      double examples = (fullBytes - fixedBytes) / bytesPerExample;
      return bytesPerExample > 0 && examples >= 0
          ? OptionalDouble.of(examples)
          : OptionalDouble.empty();
    }
  }

  static Estimate of(
      RunPlan plan,
      Dataset data,
      Totals totals,
      double virtualSeconds,
      @Nullable BreakEven breakEven) {
    return new Estimate(plan, data.shards().size(), totals, virtualSeconds, breakEven);
  }

  /** As {@code estimate --json} prints it. */
  public Map<String, Object> toMap() {
    var out = new LinkedHashMap<String, Object>();
    out.put("method", plan.methodName());
    out.put("devices", devices);
    out.put("bytes", Summary.bytes(totals));
    out.put("macs", Summary.macs(totals));
    out.put("peakBytes", Summary.peaks(totals));
    var profiles = new LinkedHashMap<String, Object>();
    Feasibility.peaks(plan, totals)
        .forEach((profile, bytes) -> {
          var one = new LinkedHashMap<String, Object>();
          one.put("needs", bytes);
          one.put("has", profile.memoryBytes());
          profiles.put(profile.name(), one);
        });
    out.put("profiles", profiles);
    out.put("seconds", Map.of("virtual", virtualSeconds));
    if (breakEven != null) {
      var even = new LinkedHashMap<String, @Nullable Object>();
      even.put("fixedBytesPerVisit", breakEven.fixedBytes());
      even.put("bytesPerRetainedExample", breakEven.bytesPerExample());
      even.put("fullFineTuningBytesPerVisit", breakEven.fullBytes());
      var examples = breakEven.examples();
      even.put("retainedExamples", examples.isPresent() ? examples.getAsDouble() : null);
      out.put("breakEven", even);
    }
    return out;
  }
}
