package dev.anabranch.service.internal;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/**
 * Lets in certificates that this authority signed for agents. Whether one has expired or was
 * revoked is decided afterwards, where it can be said in words. Safe from any thread.
 */
final class AgentTrust extends X509ExtendedTrustManager {
  private final X509Certificate authority;
  private final Consumer<String> refused;

  /**
   * @param refused told of certificates that are not let in
   */
  AgentTrust(X509Certificate authority, Consumer<String> refused) {
    this.authority = authority;
    this.refused = refused;
  }

  private void check(X509Certificate[] chain) throws CertificateException {
    if (chain.length == 0) {
      throw new CertificateException("no certificate");
    }
    var leaf = chain[0];
    try {
      leaf.verify(authority.getPublicKey());
      var uses = leaf.getExtendedKeyUsage();
      if (!leaf.getIssuerX500Principal().equals(authority.getSubjectX500Principal())
          || leaf.getBasicConstraints() != -1
          || uses == null
          || !uses.equals(List.of(KeyPurposeId.id_kp_clientAuth.getId()))) {
        throw new CertificateException("not made for an agent");
      }
    } catch (GeneralSecurityException e) {
      refused.accept(
          "certificate of '"
              + Texts.shortened(leaf.getSubjectX500Principal().getName())
              + "' (expected: one that this coordinator has signed for an agent)");
      throw e instanceof CertificateException known ? known : new CertificateException(e);
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("dials nobody");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw new CertificateException("dials nobody");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("dials nobody");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[] {authority};
  }
}
