package dev.anabranch.service.internal;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Keys on the curve P-256, which every TLS 1.3 speaks, and requests for certificates of them. */
final class Keys {
  static final String SIGNATURE = "SHA256withECDSA";

  /** A request with a P-256 key is well below this. */
  static final int REQUEST_LIMIT = 4096;

  private Keys() {}

  static KeyPair make() {
    try {
      var generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static ContentSigner signer(KeyPair pair) {
    try {
      return new JcaContentSignerBuilder(SIGNATURE).build(pair.getPrivate());
    } catch (OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A request which proves that whoever asks has the private key. */
  static byte[] request(KeyPair pair, String name) {
    try {
      return new JcaPKCS10CertificationRequestBuilder(
              new X500Principal("CN=" + name), pair.getPublic())
          .build(signer(pair))
          .getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Thrown where a request is not what it has to be. */
  static final class BadRequest extends Exception {
    private static final long serialVersionUID = 1L;

    BadRequest(String message) {
      super(message);
    }
  }

  /** The key of a request; what else it asks for is not looked at. */
  static PublicKey requested(byte[] request) throws BadRequest {
    if (request.length > REQUEST_LIMIT) {
      throw new BadRequest(request.length + " bytes (expected: at most " + REQUEST_LIMIT + ")");
    }
    try {
      var read = new JcaPKCS10CertificationRequest(request);
      var key = read.getPublicKey();
      if (!(key instanceof ECPublicKey ec)
          || ec.getParams().getCurve().getField().getFieldSize() != 256) {
        throw new BadRequest("a key of another kind (expected: an elliptic curve key on P-256)");
      }
      if (!read.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
        throw new BadRequest("its signature is wrong (expected: one by the key that it names)");
      }
      return key;
    } catch (IOException
        | GeneralSecurityException
        | OperatorCreationException
        | PKCSException
        | RuntimeException e) {
      throw new BadRequest("cannot be read (expected: a PKCS #10 request)");
    }
  }
}
