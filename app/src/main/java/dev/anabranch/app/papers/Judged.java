package dev.anabranch.app.papers;

import dev.anabranch.app.report.ClaimRow;
import java.util.LinkedHashMap;
import java.util.Map;

/** A claim and what came of it. */
public record Judged(Claim claim, Measured measured, Verdict verdict) {
  /** As the report has it. */
  public ClaimRow row() {
    return new ClaimRow(
        claim.text(),
        claim.source(),
        claim.against(),
        claim.measure().how(),
        measured.text(),
        verdict.words(),
        why());
  }

  /** Why a claim did not pass; empty if it did, or nothing is known. */
  String why() {
    if (verdict == Verdict.PASS) {
      return "";
    }
    var obstacle = measured.obstacle() == null ? "" : measured.obstacle();
    if (verdict == Verdict.NOT_JUDGED || claim.cause().isEmpty()) {
      return obstacle;
    }
    return obstacle.isEmpty() ? claim.cause() : obstacle + "; " + claim.cause();
  }

  /** As {@code claims.json} has it; figures that are not known are left out. */
  public Map<String, Object> toMap() {
    var out = new LinkedHashMap<String, Object>();
    out.put("claim", claim.text());
    out.put("source", claim.source());
    out.put("against", claim.against());
    out.put("measure", claim.measure().how());
    put(out, "value", measured.value());
    if (measured.seeds() > 0) {
      out.put("seeds", measured.seeds());
    }
    if (measured.seeds() > 1) {
      put(out, "deviation", measured.deviation());
    }
    put(out, "standardError", measured.error());
    out.put("here", measured.text());
    out.put("verdict", verdict.words());
    if (!why().isEmpty()) {
      out.put("cause", why());
    }
    return out;
  }

  private static void put(Map<String, Object> out, String name, double value) {
    if (Double.isFinite(value)) {
      out.put(name, value);
    }
  }
}
