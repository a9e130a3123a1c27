package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** Keys and certificates as text. */
final class Pem {
  private Pem() {}

  static String of(String kind, byte[] bytes) {
    var lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return "-----BEGIN " + kind + "-----\n" + lines + "\n-----END " + kind + "-----\n";
  }

  static String of(X509Certificate certificate) {
    return of("CERTIFICATE", encoded(certificate));
  }

  static String of(PrivateKey key) {
    return of("PRIVATE KEY", key.getEncoded());
  }

  static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The bytes between the lines that begin and end them. */
  static byte[] bytes(String name, String text, String kind) {
    var begin = "-----BEGIN " + kind + "-----";
    var end = "-----END " + kind + "-----";
    int from = text.indexOf(begin);
    int to = text.indexOf(end);
    if (from < 0 || to < from + begin.length()) {
      throw AnabranchException.expected(Failure.CORRUPT, name, "no " + kind, "a PEM file of one");
    }
    try {
      return Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
    } catch (IllegalArgumentException e) {
      throw new AnabranchException(Failure.CORRUPT, name + ": broken (expected: a PEM file)", e);
    }
  }

  static X509Certificate certificate(String name, String text) {
    try {
      var bytes = bytes(name, text, "CERTIFICATE");
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(bytes));
    } catch (CertificateException e) {
      throw new AnabranchException(
          Failure.CORRUPT, name + ": broken (expected: an X.509 certificate)", e);
    }
  }

  static PrivateKey key(String name, String text) {
    try {
      var bytes = bytes(name, text, "PRIVATE KEY");
      return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(bytes));
    } catch (GeneralSecurityException e) {
      throw new AnabranchException(
          Failure.CORRUPT, name + ": broken (expected: a private key of an elliptic curve)", e);
    }
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
