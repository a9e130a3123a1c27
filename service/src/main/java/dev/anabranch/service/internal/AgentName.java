package dev.anabranch.service.internal;

import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;

/** The name that a certificate gives an agent. */
final class AgentName {
  private AgentName() {}

  /** The CN of the subject; empty if there is none. */
  static String of(X509Certificate certificate) {
    return part(certificate, BCStyle.CN);
  }

  /** The OU of the subject: the word for what the agent stands for. */
  static String role(X509Certificate certificate) {
    return part(certificate, BCStyle.OU);
  }

  private static String part(X509Certificate certificate, ASN1ObjectIdentifier what) {
    var names =
        X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()).getRDNs(what);
    return names.length == 0 ? "" : IETFUtils.valueToString(names[0].getFirst().getValue());
  }
}
