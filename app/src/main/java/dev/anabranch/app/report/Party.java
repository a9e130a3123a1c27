package dev.anabranch.app.report;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Who bears a cost, as the run log writes it: {@code coordinator}, {@code body 0}, {@code device
 * 7}.
 */
record Party(Role role, int index) {
  enum Role {
    COORDINATOR,
    BODY,
    DEVICE
  }

  private static final Pattern INDEXED = Pattern.compile("(body|device) (\\d{1,9})");

  static Party parse(String text) {
    if (text.equals("coordinator")) {
      return new Party(Role.COORDINATOR, 0);
    }
    var indexed = INDEXED.matcher(text);
    if (!indexed.matches()) {
      throw new IllegalArgumentException(
          "node: " + text + " (expected: coordinator, body N or device N)");
    }
    return new Party(
        Role.valueOf(indexed.group(1).toUpperCase(Locale.ROOT)),
        Integer.parseInt(indexed.group(2)));
  }

  boolean isDevice() {
    return role == Role.DEVICE;
  }
}
