package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;

/** Secrets that are shown once and kept as hashes. */
final class Tokens {
  private static final String OPERATOR = "abo_";
  private static final String ENROLMENT = "abe_";
  private static final int SECRET = 32;
  private static final int LIMIT = 1024;

  private Tokens() {}

  /** A fresh secret. */
  static byte[] secret() {
    byte[] bytes = new byte[SECRET];
    new SecureRandom().nextBytes(bytes);
    return bytes;
  }

  /** An operator's token: a secret and nothing else. */
  static String operator(byte[] secret) {
    return OPERATOR + text(secret);
  }

  /** What is kept of a token. */
  static String hash(String token) {
    return Texts.sha256(token);
  }

  /**
   * What a device is told to enrol.
   *
   * @param secret which the coordinator knows by its hash
   * @param fingerprint SHA-256 of the authority's certificate
   * @param address host and port
   */
  record Enrolment(byte[] secret, byte[] fingerprint, String address) {
    /** As it is printed. */
    String token() {
      var where = address.getBytes(StandardCharsets.UTF_8);
      byte[] all = Arrays.copyOf(secret, 2 * SECRET + where.length);
      System.arraycopy(fingerprint, 0, all, SECRET, SECRET);
      System.arraycopy(where, 0, all, 2 * SECRET, where.length);
      return ENROLMENT + text(all);
    }

    static Enrolment read(String token) {
      try {
        if (token.startsWith(ENROLMENT) && token.length() <= LIMIT) {
          byte[] all = Base64.getUrlDecoder().decode(token.substring(ENROLMENT.length()));
          if (all.length > 2 * SECRET) {
            return new Enrolment(
                Arrays.copyOf(all, SECRET),
                Arrays.copyOfRange(all, SECRET, 2 * SECRET),
                new String(all, 2 * SECRET, all.length - 2 * SECRET, StandardCharsets.UTF_8));
          }
        }
      } catch (IllegalArgumentException e) {
        // told below
      }
      throw AnabranchException.expected(
          Failure.USAGE,
          "token",
          Texts.shortened(token.length() > 8 ? token.substring(0, 8) + "…" : token),
          "what 'anabranch enrol' printed, whole: it begins with " + ENROLMENT);
    }

    /** What is sent to the coordinator, and hashed there. */
    String secretText() {
      return text(secret);
    }
  }

  private static String text(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
