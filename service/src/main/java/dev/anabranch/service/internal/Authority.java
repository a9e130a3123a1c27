package dev.anabranch.service.internal;

import dev.anabranch.service.AgentRole;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.regex.Pattern;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;

/** The coordinator as its own certificate authority. Immutable; safe from any thread. */
final class Authority {
  static final Duration LIFETIME = Duration.ofDays(365 * 20);

  /** Clocks of small devices are off by minutes. */
  private static final Duration BACKDATED = Duration.ofHours(1);

  private static final int FILE_LIMIT = 1 << 16;
  private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*");

  private final KeyPair pair;
  private final X509Certificate certificate;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  private Authority(KeyPair pair, X509Certificate certificate, InstantSource clock) {
    this.pair = pair;
    this.certificate = certificate;
    this.clock = clock;
  }

  /** A private key and the certificate for it. */
  record Issued(PrivateKey key, X509Certificate certificate) {}

  /** Makes a new authority and keeps it in a folder. */
  static Authority create(Path folder, InstantSource clock) {
    var pair = Keys.make();
    var subject = new X500Principal("CN=anabranch coordinator,O=Anabranch");
    var template = new Template(subject, subject, pair.getPublic(), LIFETIME);
    var certificate =
        sign(
            template,
            pair,
            clock,
            new SecureRandom(),
            new More(Extension.basicConstraints, new BasicConstraints(0)),
            new More(Extension.keyUsage, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign)));
    SafeFiles.writePrivate(folder.resolve("authority.key"), Pem.of(pair.getPrivate()));
    SafeFiles.writePublic(folder.resolve("authority.crt"), Pem.of(certificate));
    return new Authority(pair, certificate, clock);
  }

  static boolean exists(Path folder) {
    return java.nio.file.Files.exists(folder.resolve("authority.key"));
  }

  static Authority open(Path folder, InstantSource clock) {
    var issued = read(folder, "authority");
    return new Authority(
        new KeyPair(issued.certificate().getPublicKey(), issued.key()),
        issued.certificate(),
        clock);
  }

  private static Issued read(Path folder, String name) {
    var crt = folder.resolve(name + ".crt");
    var key = folder.resolve(name + ".key");
    return new Issued(
        Pem.key(key.toString(), SafeFiles.read(key, FILE_LIMIT)),
        Pem.certificate(crt.toString(), SafeFiles.read(crt, FILE_LIMIT)));
  }

  X509Certificate certificate() {
    return certificate;
  }

  /** SHA-256 of the authority's certificate: what a device is told beforehand. */
  byte[] fingerprint() {
    return Texts.digest(Pem.encoded(certificate));
  }

  /**
   * The certificate of this coordinator's port; a new one where the old one is past the middle of
   * its life or was made for other names.
   *
   * @param hosts names and addresses under which the port is reached
   */
  Issued ofPort(Path folder, List<String> hosts, Duration lifetime) {
    var names = names(hosts);
    if (java.nio.file.Files.exists(folder.resolve("port.crt"))) {
      var known = read(folder, "port");
      if (stillGood(known.certificate(), names)) {
        return known;
      }
    }
    var fresh = Keys.make();
    var template =
        new Template(
            new X500Principal("CN=anabranch coordinator"),
            certificate.getSubjectX500Principal(),
            fresh.getPublic(),
            lifetime);
    var issued =
        sign(
            template,
            pair,
            clock,
            random,
            new More(Extension.basicConstraints, new BasicConstraints(false)),
            new More(Extension.keyUsage, new KeyUsage(KeyUsage.digitalSignature)),
            new More(
                Extension.extendedKeyUsage, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth)),
            new More(Extension.subjectAlternativeName, names));
    SafeFiles.writePrivate(folder.resolve("port.key"), Pem.of(fresh.getPrivate()));
    SafeFiles.writePublic(folder.resolve("port.crt"), Pem.of(issued));
    return new Issued(fresh.getPrivate(), issued);
  }

  private boolean stillGood(X509Certificate known, GeneralNames names) {
    long from = known.getNotBefore().getTime();
    long to = known.getNotAfter().getTime();
    var inside = known.getExtensionValue(Extension.subjectAlternativeName.getId());
    try {
      var wanted = org.bouncycastle.asn1.ASN1OctetString.getInstance(inside).getOctets();
      known.verify(certificate.getPublicKey());
      return clock.millis() < from + (to - from) / 2
          && java.util.Arrays.equals(wanted, names.getEncoded());
    } catch (IOException | GeneralSecurityException e) {
      return false;
    }
  }

  private static GeneralNames names(List<String> hosts) {
    return new GeneralNames(
        hosts.stream()
            .map(host ->
                new GeneralName(
                    ADDRESS.matcher(host).matches() ? GeneralName.iPAddress : GeneralName.dNSName,
                    host))
            .toArray(GeneralName[]::new));
  }

  /** A certificate for a device's, or a body's host's, own key. */
  X509Certificate ofAgent(PublicKey key, String name, AgentRole role, Duration lifetime) {
    var template =
        new Template(
            new X500Principal("CN=" + name + ",OU=" + role.word()),
            certificate.getSubjectX500Principal(),
            key,
            lifetime);
    return sign(
        template,
        pair,
        clock,
        random,
        new More(Extension.basicConstraints, new BasicConstraints(false)),
        new More(Extension.keyUsage, new KeyUsage(KeyUsage.digitalSignature)),
        new More(Extension.extendedKeyUsage, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth)),
        new More(
            Extension.subjectAlternativeName,
            new GeneralNames(
                new GeneralName(
                    GeneralName.uniformResourceIdentifier,
                    "urn:anabranch:" + role.word() + ":" + name))));
  }

  private record Template(
      X500Principal subject, X500Principal issuer, PublicKey key, Duration lifetime) {}

  private record More(ASN1ObjectIdentifier what, ASN1Encodable value) {}

  private static X509Certificate sign(
      Template template, KeyPair by, InstantSource clock, SecureRandom random, More... more) {
    try {
      var now = clock.instant();
      var builder =
          new JcaX509v3CertificateBuilder(
              template.issuer(),
              new BigInteger(127, random).add(BigInteger.ONE),
              Date.from(now.minus(BACKDATED)),
              Date.from(now.plus(template.lifetime())),
              template.subject(),
              template.key());
      for (var one : more) {
        boolean critical = !one.what().equals(Extension.subjectAlternativeName);
        builder.addExtension(one.what(), critical, one.value());
      }
      var extensions = new JcaX509ExtensionUtils();
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          extensions.createSubjectKeyIdentifier(template.key()));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          extensions.createAuthorityKeyIdentifier(by.getPublic()));
      return new JcaX509CertificateConverter().getCertificate(builder.build(Keys.signer(by)));
    } catch (IOException | CertificateException | java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
