package dev.anabranch.app.report;

import java.util.Locale;

/** Numbers as a reader sees them: traffic in MB (10⁶ bytes), memory in MiB (2²⁰ bytes). */
public final class Figures {
  private Figures() {}

  static double megabytes(double bytes) {
    return bytes / 1e6;
  }

  static double mebibytes(double bytes) {
    return bytes / (1 << 20);
  }

  static double gigamacs(double macs) {
    return macs / 1e9;
  }

  /** Three significant digits, without an exponent, thousands set apart: 0.00412, 12.3, 1,234. */
  public static String three(double value) {
    if (Double.isNaN(value)) {
      return "–";
    }
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    int digits = Math.max(0, 2 - (int) Math.floor(Math.log10(size)));
    return String.format(Locale.ROOT, "%,." + Math.min(digits, 6) + "f", value);
  }

  /** An accuracy or an error of one. */
  static String accuracy(double value) {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.3f", value);
  }

  /** A ratio in per cent; a dash without a reference. */
  static String share(double part, double whole) {
    if (Double.isNaN(part) || Double.isNaN(whole) || whole <= 0) {
      return "–";
    }
    double percent = 100 * part / whole;
    if (percent > 0 && percent < 0.01) {
      return "under 0.01 %";
    }
    String format = percent >= 99.95 ? "%,.0f %%" : percent >= 0.1 ? "%.1f %%" : "%.2f %%";
    return percent == 0 ? "0 %" : String.format(Locale.ROOT, format, percent);
  }

  /** Virtual time: 42 s, 12.5 min, 3.1 h. */
  static String duration(double seconds) {
    if (seconds < 120) {
      return three(seconds) + " s";
    }
    return seconds < 7200 ? three(seconds / 60) + " min" : three(seconds / 3600) + " h";
  }

  /** {@code 1 visit}, {@code 2 visits}. */
  static String count(long count, String noun) {
    return String.format(Locale.ROOT, "%,d %s%s", count, noun, count == 1 ? "" : "s");
  }
}
