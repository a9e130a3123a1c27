package dev.anabranch.app.papers;

import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.List;
import java.util.Map;

/** An interval; each end is open, closed or missing. */
record Bounds(double least, double above, double most, double below) {
  private static final double NONE = Double.MAX_VALUE;
  private static final Knob.Real LEAST = knob("least", -NONE, "At least this.");
  private static final Knob.Real ABOVE = knob("above", -NONE, "More than this.");
  private static final Knob.Real MOST = knob("most", NONE, "At most this.");
  private static final Knob.Real BELOW = knob("below", NONE, "Less than this.");
  private static final List<Knob> KNOBS = List.of(LEAST, ABOVE, MOST, BELOW);

  private static Knob.Real knob(String name, double standard, String about) {
    return new Knob.Real(name, standard, -NONE, NONE, about);
  }

  static Bounds read(String at, Map<String, ?> given) {
    var s = Settings.read(at, KNOBS, given);
    Claims.require(!given.isEmpty(), at, given, "at least one of least, above, most, below");
    return new Bounds(s.real(LEAST), s.real(ABOVE), s.real(MOST), s.real(BELOW));
  }

  /** False for NaN. */
  boolean hold(double value) {
    return value >= least
        && value <= most
        && (above == -NONE || value > above)
        && (below == NONE || value < below);
  }
}
