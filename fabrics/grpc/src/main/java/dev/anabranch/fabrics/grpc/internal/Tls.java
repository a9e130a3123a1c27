package dev.anabranch.fabrics.grpc.internal;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What proves one side of a connection and lets it verify the other.
 *
 * @param chain certificate of the key first, then those that issued it, without the authority's
 * @param trust authorities whose certificates are accepted from the other side
 */
public record Tls(PrivateKey key, List<X509Certificate> chain, List<X509Certificate> trust) {
  /** The only version of TLS that is spoken. */
  public static final String VERSION = "TLSv1.3";

  public Tls {
    chain = List.copyOf(chain);
    trust = List.copyOf(trust);
  }

  /** Says nothing of the key. */
  @Override
  public String toString() {
    return "TLS as " + (chain.isEmpty() ? "nobody" : chain.getFirst().getSubjectX500Principal());
  }
}
