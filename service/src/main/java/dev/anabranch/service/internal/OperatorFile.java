package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.regex.Pattern;

/**
 * How an operator reaches a coordinator.
 *
 * @param coordinator {@code https://host:port}
 * @param fingerprint SHA-256 of its authority's certificate
 */
public record OperatorFile(String coordinator, byte[] fingerprint, String token) {
  private static final int LIMIT = 1 << 14;
  private static final Pattern URL = Pattern.compile("https?://[A-Za-z0-9.:_\\[\\]-]{1,300}");

  /** Reads what {@code coordinator init} has written. */
  public static OperatorFile read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw AnabranchException.expected(
          Failure.USAGE,
          "--as",
          file,
          "a file that 'anabranch coordinator init' or 'anabranch token' has written; name it"
              + " with --as or in ANABRANCH_OPERATOR");
    }
    var read = Json.read(file.toString(), SafeFiles.read(file, LIMIT));
    var coordinator = read.path("coordinator").asText();
    try {
      var fingerprint = HexFormat.of().parseHex(read.path("authority").asText());
      if (URL.matcher(coordinator).matches() && fingerprint.length == 32) {
        return new OperatorFile(coordinator, fingerprint, read.path("token").asText());
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    throw AnabranchException.expected(
        Failure.CORRUPT, file.toString(), "not whole", "coordinator, authority and token");
  }

  /** Writes the file, for its owner alone. */
  public void write(Path file) {
    var out = new LinkedHashMap<String, Object>();
    out.put("coordinator", coordinator);
    out.put("authority", HexFormat.of().formatHex(fingerprint));
    out.put("token", token);
    SafeFiles.writePrivate(file, Json.text(out) + "\n");
  }
}
