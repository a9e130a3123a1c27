package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Names and digests. */
final class Texts {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Pattern RUN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  private Texts() {}

  /** The name of a device, a host or an operator. */
  static String name(String at, String name) {
    if (!NAME.matcher(name).matches()) {
      throw AnabranchException.expected(
          Failure.USAGE,
          at,
          "'" + shortened(name) + "'",
          "1 to 64 letters, digits, '.', '_' or '-', a letter or digit first");
    }
    return name;
  }

  /** Whether a text can be the id of a run, which is also the name of its folder. */
  static boolean isRun(String id) {
    return RUN.matcher(id).matches();
  }

  /** At most 60 characters, none of which moves a cursor. */
  static String shortened(String text) {
    var cut = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }

  static byte[] digest(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Lower-case hexadecimal digits. */
  static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(digest(bytes));
  }

  static String sha256(String text) {
    return sha256(text.getBytes(StandardCharsets.UTF_8));
  }
}
