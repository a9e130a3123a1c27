package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Date;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Trusts one coordinator: by the fingerprint of its authority, since the port sends that
 * certificate after its own. Names are compared as TLS does. Safe from any thread.
 */
final class CoordinatorTrust extends X509ExtendedTrustManager {
  private final byte[] fingerprint;
  private final InstantSource clock;

  CoordinatorTrust(byte[] fingerprint, InstantSource clock) {
    this.fingerprint = fingerprint.clone();
    this.clock = clock;
  }

  /** A TLS context that trusts this coordinator alone. */
  SSLContext context(javax.net.ssl.KeyManager @Nullable [] keys) {
    try {
      var context = SSLContext.getInstance("TLSv1.3");
      context.init(keys, new TrustManager[] {this}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The authority in a chain. */
  private X509Certificate authority(X509Certificate[] chain) throws CertificateException {
    for (var certificate : chain) {
      if (MessageDigest.isEqual(Texts.digest(certificate.getEncoded()), fingerprint)) {
        return certificate;
      }
    }
    throw new CertificateException(
        "coordinator: its certificate comes from another authority (expected: the one that this"
            + " token or setting names; somebody may stand between, or the coordinator was made"
            + " anew)");
  }

  private X509ExtendedTrustManager check(X509Certificate[] chain) throws CertificateException {
    var authority = authority(chain);
    try {
      chain[0].checkValidity(Date.from(clock.instant()));
    } catch (CertificateNotYetValidException e) {
      throw new CertificateException(skew(chain[0], "valid from", chain[0].getNotBefore()), e);
    } catch (CertificateExpiredException e) {
      throw new CertificateException(skew(chain[0], "valid until", chain[0].getNotAfter()), e);
    }
    try {
      var store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry("authority", authority);
      var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    } catch (GeneralSecurityException | java.io.IOException e) {
      throw new CertificateException(e);
    }
  }

  private String skew(X509Certificate certificate, String word, Date limit) {
    return "clock: "
        + clock.instant()
        + " (expected: a time at which the coordinator's certificate is valid; it is "
        + word
        + " "
        + limit.toInstant()
        + "); set the clock of this machine, or look at the coordinator's";
  }

  /** What a failed connection means, where this class knows it. */
  static @Nullable AnabranchException explain(@Nullable Throwable e) {
    for (var cause = e; cause != null; cause = cause.getCause()) {
      var message = String.valueOf(cause.getMessage());
      if (cause instanceof CertificateException
          && (message.startsWith("coordinator: ") || message.startsWith("clock: "))) {
        return new AnabranchException(Failure.REFUSED, message, e);
      }
      if (cause instanceof CertificateException && message.startsWith("No ")) {
        return new AnabranchException(
            Failure.REFUSED,
            "coordinator: its certificate is for other names: "
                + message
                + " (expected: the name under which it is reached; see 'coordinator init --host')",
            e);
      }
    }
    return null;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    check(chain).checkServerTrusted(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain).checkServerTrusted(chain, type, socket);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain).checkServerTrusted(chain, type, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("serves nobody");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw new CertificateException("serves nobody");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("serves nobody");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
