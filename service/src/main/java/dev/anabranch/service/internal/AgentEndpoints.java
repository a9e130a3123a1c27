package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.OperatorRole;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.SSLPeerUnverifiedException;

/** Devices over HTTP: who there is, who comes in, who goes out. Thread-safe. */
final class AgentEndpoints {
  private static final int LIMIT = 1 << 14;
  private static final int FIELDS = 32;

  private final Registry registry;
  private final Enrolling enrolling;
  private final Authority authority;
  private final InstantSource clock;
  private final Supplier<String> address;

  /**
   * @param address host and port that devices are told
   */
  AgentEndpoints(
      Registry registry,
      Enrolling enrolling,
      Authority authority,
      InstantSource clock,
      Supplier<String> address) {
    this.registry = registry;
    this.enrolling = enrolling;
    this.authority = authority;
    this.clock = clock;
    this.address = address;
  }

  List<Endpoint> all() {
    return List.of(
        Endpoint.get("/api/v1/devices", OperatorRole.VIEWER, this::list),
        Endpoint.post("/api/v1/enrolments", OperatorRole.ADMIN, LIMIT, this::invite),
        Endpoint.post("/api/v1/devices/{name}/revoke", OperatorRole.ADMIN, LIMIT, this::revoke),
        Endpoint.post("/api/v1/enrol", null, LIMIT, this::enrol),
        Endpoint.post("/api/v1/renew", null, LIMIT, this::renew),
        Endpoint.post("/api/v1/profile", null, LIMIT, this::profile));
  }

  private HttpResponse list(Call call) {
    return Endpoint.json(Map.of("devices", registry.list()));
  }

  private HttpResponse invite(Call call) {
    var body = call.json();
    var expires = body.path("expiresInSeconds");
    if (!expires.isMissingNode() && !expires.canConvertToLong()) {
      throw new Problem(
          HttpStatus.BAD_REQUEST,
          Failure.USAGE,
          "body.expiresInSeconds",
          Texts.shortened(expires.toString()),
          "a whole number of seconds");
    }
    var token =
        enrolling.invite(
            call.text(body, "name"),
            body.has("role") ? call.word(body, "role", AgentRole.class) : AgentRole.DEVICE,
            Duration.ofSeconds(expires.asLong(3600)),
            address.get(),
            call.caller());
    var out = new LinkedHashMap<String, Object>();
    out.put("token", token.token());
    out.put("expiresAt", token.expiresAt().toString());
    return Endpoint.json(HttpStatus.CREATED, out);
  }

  private HttpResponse revoke(Call call) {
    var name = call.path("name");
    if (!registry.revoke(name, "operator " + call.caller())) {
      throw Problem.noSuch("device", name, "one that is enrolled and not yet revoked");
    }
    return Endpoint.json(Map.of("name", name, "state", "revoked"));
  }

  private HttpResponse enrol(Call call) {
    var body = call.json();
    var certificate = enrolling.enrol(call.text(body, "token"), request(call, body), call.from());
    return answer(certificate);
  }

  /** Whoever renews shows the certificate that still counts. */
  private HttpResponse renew(Call call) {
    var old = shown(call);
    var name = AgentName.of(old);
    return answer(enrolling.renew(name, old, request(call, call.json()), call.from()));
  }

  /** An agent says what it is; on an unencrypted loopback connection it gives its name as well. */
  private HttpResponse profile(Call call) {
    var name = call.context().sslSession() == null ? call.query("name") : AgentName.of(shown(call));
    var why =
        name == null
            ? "name: absent (expected: the agent's)"
            : registry.refuse(name, call.context().sslSession() == null ? null : shown(call));
    if (name == null || why != null) {
      throw new AnabranchException(Failure.REFUSED, String.valueOf(why));
    }
    var profile = Json.map(call.json());
    if (profile.size() > FIELDS) {
      throw new Problem(
          HttpStatus.BAD_REQUEST, Failure.USAGE, "body", profile.size() + " fields", "at most 32");
    }
    registry.describes(name, profile);
    return HttpResponse.of(HttpStatus.NO_CONTENT);
  }

  private static X509Certificate shown(Call call) {
    var session = call.context().sslSession();
    try {
      if (session != null && session.getPeerCertificates()[0] instanceof X509Certificate shown) {
        return shown;
      }
    } catch (SSLPeerUnverifiedException e) {
      // told below
    }
    throw new Problem(
        HttpStatus.UNAUTHORIZED,
        Failure.REFUSED,
        "certificate",
        "none",
        "the one that this coordinator has signed");
  }

  private static byte[] request(Call call, JsonNode body) {
    try {
      return Base64.getDecoder().decode(call.text(body, "request"));
    } catch (IllegalArgumentException e) {
      throw new Problem(
          HttpStatus.BAD_REQUEST, Failure.USAGE, "body.request", "broken", "PKCS #10 in base64");
    }
  }

  private HttpResponse answer(X509Certificate certificate) {
    var out = new LinkedHashMap<String, Object>();
    out.put("name", AgentName.of(certificate));
    out.put("certificate", Pem.of(certificate));
    out.put("authority", Pem.of(authority.certificate()));
    out.put("now", Objects.requireNonNull(Instant.ofEpochMilli(clock.millis())).toString());
    return Endpoint.json(out);
  }
}
