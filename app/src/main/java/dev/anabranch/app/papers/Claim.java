package dev.anabranch.app.papers;

import org.jspecify.annotations.Nullable;

/**
 * A published claim and how it is judged.
 *
 * @param text the claim
 * @param source where it stands
 * @param against what it is measured against
 * @param pass where the measured value must lie
 * @param partly where it may lie too; null if there is no half success
 * @param cause why it is likely not reached; empty if nothing is known
 */
record Claim(
    String text,
    String source,
    String against,
    Measure measure,
    Bounds pass,
    @Nullable Bounds partly,
    String cause) {

  /** By the seeds that all plans of the measure have run with. */
  Judged judge(Runs runs) {
    var shared = runs.shared(measure.plans());
    if (shared.isEmpty()) {
      return new Judged(
          this, Measured.unknown("needs plans that have not run"), Verdict.NOT_JUDGED);
    }
    var measured = measure.of(shared.orElseThrow());
    return new Judged(this, measured, verdict(measured));
  }

  private Verdict verdict(Measured measured) {
    if (!measured.judged()) {
      return Verdict.NOT_JUDGED;
    }
    if (pass.hold(measured.value())) {
      return Verdict.PASS;
    }
    return partly != null && partly.hold(measured.value())
        ? Verdict.PARTLY
        : Verdict.NOT_REPRODUCED;
  }
}
