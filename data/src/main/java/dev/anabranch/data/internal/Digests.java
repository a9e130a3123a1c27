package dev.anabranch.data.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Digests of bytes and files. */
public final class Digests {
  private Digests() {}

  /** Of the first {@code length} bytes. */
  static byte[] sha256(byte[] bytes, int length) {
    var digest = algorithm("SHA-256");
    digest.update(bytes, 0, length);
    return digest.digest();
  }

  public static byte[] ofFile(String algorithm, Path file) throws IOException {
    var digest = algorithm(algorithm);
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return digest.digest();
  }

  /**
   * SHA-256 in hexadecimal: of the file, or of the lines {@code sha256 name} if there are several.
   */
  public static String sha256(List<Path> files) throws IOException {
    if (files.size() == 1) {
      return HexFormat.of().formatHex(ofFile("SHA-256", files.getFirst()));
    }
    var lines = new StringBuilder();
    for (var file : files) {
      lines.append(sha256(List.of(file))).append(' ').append(file.getFileName()).append('\n');
    }
    byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(sha256(bytes, bytes.length));
  }

  private static MessageDigest algorithm(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
