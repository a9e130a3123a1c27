package dev.anabranch.app.run;

import java.util.Locale;

/**
 * Numbers for people: traffic in powers of ten, memory in powers of two, each with its own unit.
 */
public final class Units {
  private static final String[] DECIMAL = {"B", "kB", "MB", "GB", "TB", "PB"};
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  private static final String[] COUNT = {"", "k", "M", "G", "T", "P", "E"};

  private Units() {}

  /** Bytes on a wire, such as {@code 12.3 MB}. */
  public static String traffic(double bytes) {
    return scaled(bytes, 1000, DECIMAL);
  }

  /** As {@link #traffic(double)}. */
  public static String traffic(long bytes) {
    return traffic((double) bytes);
  }

  /** Bytes of memory, such as {@code 4.0 GiB}. */
  public static String memory(double bytes) {
    return scaled(bytes, 1024, BINARY);
  }

  /** As {@link #memory(double)}. */
  public static String memory(long bytes) {
    return memory((double) bytes);
  }

  /** Multiply-accumulates, such as {@code 1.2 TMAC}. */
  public static String macs(double macs) {
    return scaled(macs, 1000, COUNT) + "MAC";
  }

  /** As {@link #macs(double)}. */
  public static String macs(long macs) {
    return macs((double) macs);
  }

  /** Such as {@code 4.1 s}, {@code 3 min 20 s}, {@code 2 h 5 min}. */
  public static String seconds(double seconds) {
    if (seconds < 60) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long s = Math.round(seconds);
    return s < 3600 ? s / 60 + " min " + s % 60 + " s" : s / 3600 + " h " + s % 3600 / 60 + " min";
  }

  /** Such as {@code 12.3 %}. */
  public static String share(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private static String scaled(double value, double step, String[] units) {
    int i = 0;
    double v = value;
    while (Math.abs(v) >= step && i < units.length - 1) {
      v /= step;
      i++;
    }
    return String.format(Locale.ROOT, i == 0 ? "%.0f %s" : "%.1f %s", v, units[i]);
  }
}
