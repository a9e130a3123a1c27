package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.service.AgentRole;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/** The device's side of enrolment: the key is made here and never leaves. */
public final class Enrolment {
  private Enrolment() {}

  /** Uses a token up, and keeps what it gave. */
  public static AgentIdentity enrol(AgentFolder folder, String token, InstantSource clock) {
    if (folder.holds()) {
      throw AnabranchException.expected(
          Failure.IN_USE,
          folder.path().toString(),
          "enrolled as " + folder.read().name(),
          "a new folder for another device; start this one without --token");
    }
    var read = Tokens.Enrolment.read(token);
    var pair = Keys.make();
    try (var http = new Http("https://" + read.address(), read.fingerprint(), null, null, clock)) {
      var body = new LinkedHashMap<String, Object>();
      body.put("token", read.secretText());
      body.put("request", request(pair, "new"));
      var answer = http.post("/api/v1/enrol", "application/json", Json.text(body));
      return keep(folder, read.address(), pair, answer);
    }
  }

  /** Has the key signed anew; the old certificate proves who asks. */
  public static AgentIdentity renew(
      AgentFolder folder, AgentIdentity identity, InstantSource clock) {
    var fingerprint = Texts.digest(Pem.encoded(identity.authority()));
    var pair = new KeyPair(identity.certificate().getPublicKey(), identity.key());
    try (var http =
        new Http("https://" + identity.coordinator(), fingerprint, keys(identity), null, clock)) {
      var body = new LinkedHashMap<String, Object>();
      body.put("request", request(pair, identity.name()));
      var answer = http.post("/api/v1/renew", "application/json", Json.text(body));
      return keep(folder, identity.coordinator(), pair, answer);
    }
  }

  /** Says what an agent is. */
  public static void tell(AgentIdentity identity, String profile, InstantSource clock) {
    var fingerprint = Texts.digest(Pem.encoded(identity.authority()));
    try (var http =
        new Http("https://" + identity.coordinator(), fingerprint, keys(identity), null, clock)) {
      http.post("/api/v1/profile", "application/json", profile);
    }
  }

  /** The same without TLS. */
  public static void tellUnencrypted(String address, String name, String profile) {
    try (var http =
        new Http("http://" + address, new byte[0], null, null, InstantSource.system())) {
      http.post(
          "/api/v1/profile?name=" + URLEncoder.encode(name, StandardCharsets.UTF_8),
          "application/json",
          profile);
    }
  }

  private static String request(KeyPair pair, String name) {
    return Base64.getEncoder().encodeToString(Keys.request(pair, name));
  }

  private static AgentIdentity keep(
      AgentFolder folder, String address, KeyPair pair, String answer) {
    var read = Json.read("answer", answer);
    var certificate = Pem.certificate("answer", read.path("certificate").asText());
    var authority = Pem.certificate("answer", read.path("authority").asText());
    if (!certificate.getPublicKey().equals(pair.getPublic())) {
      throw AnabranchException.expected(
          Failure.REFUSED, "certificate", "for another key", "one for the key that was sent");
    }
    var identity =
        new AgentIdentity(
            AgentName.of(certificate),
            AgentRole.valueOf(AgentName.role(certificate).toUpperCase(Locale.ROOT)),
            address,
            pair.getPrivate(),
            certificate,
            authority);
    folder.write(identity);
    return identity;
  }

  /** What TLS shows of an identity. */
  static KeyManager[] keys(AgentIdentity identity) {
    try {
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "agent",
          identity.key(),
          new char[0],
          new Certificate[] {identity.certificate(), identity.authority()});
      var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, new char[0]);
      return factory.getKeyManagers();
    } catch (GeneralSecurityException | java.io.IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
