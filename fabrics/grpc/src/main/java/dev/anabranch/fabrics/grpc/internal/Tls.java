package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What proves one side of a connection and lets it verify the other.
 *
 * @param chain certificate of the key first, then those that issued it, without the authority's
 * @param trust authorities whose certificates are accepted from the other side
 */
public record Tls(PrivateKey key, List<X509Certificate> chain, List<X509Certificate> trust) {
  /** The only version of TLS that is spoken. */
  public static final String VERSION = "TLSv1.3";

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");

  public Tls {
    chain = List.copyOf(chain);
    trust = List.copyOf(trust);
  }

  /**
   * Reads PEM files.
   *
   * @param key in PKCS #8, not encrypted
   * @throws AnabranchException if one of them is not such a file
   */
  public static Tls read(Path key, Path chain, Path trust) {
    return new Tls(key(key), certificates(chain), certificates(trust));
  }

  private static PrivateKey key(Path file) {
    var match = KEY.matcher(new String(bytes(file), StandardCharsets.US_ASCII));
    if (match.find()) {
      var spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(match.group(1)));
      for (var algorithm : ALGORITHMS) {
        try {
          return KeyFactory.getInstance(algorithm).generatePrivate(spec);
        } catch (GeneralSecurityException e) {
          continue; // a key of another algorithm
        }
      }
    }
    throw AnabranchException.expected(
        Failure.ENVIRONMENT, "key", file, "a PEM file with an EC, RSA or Ed25519 PRIVATE KEY");
  }

  private static List<X509Certificate> certificates(Path file) {
    try {
      var found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(bytes(file)));
      if (!found.isEmpty()) {
        return found.stream().map(X509Certificate.class::cast).toList();
      }
    } catch (GeneralSecurityException e) {
      throw new AnabranchException(
          Failure.ENVIRONMENT,
          "certificates: " + file + " (expected: a PEM file with CERTIFICATE sections)",
          e);
    }
    throw AnabranchException.expected(
        Failure.ENVIRONMENT, "certificates", file, "a PEM file with CERTIFICATE sections");
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.ENVIRONMENT, "file: " + file + " (expected: one that can be read)", e);
    }
  }

  /** Says nothing of the key. */
  @Override
  public String toString() {
    return "TLS as " + (chain.isEmpty() ? "nobody" : chain.getFirst().getSubjectX500Principal());
  }
}
