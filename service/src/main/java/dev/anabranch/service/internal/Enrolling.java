package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpStatus;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentRole;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Lets devices in: a one-time token, then a certificate for a key that the device has made.
 * Thread-safe.
 */
final class Enrolling {
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofDays(30);

  private final Store store;
  private final Registry registry;
  private final Authority authority;
  private final InstantSource clock;
  private final Duration lifetime;

  Enrolling(
      Store store, Registry registry, Authority authority, InstantSource clock, Duration lifetime) {
    this.store = store;
    this.registry = registry;
    this.authority = authority;
    this.clock = clock;
    this.lifetime = lifetime;
  }

  /** A token, shown once. */
  record Invitation(String token, Instant expiresAt) {}

  /**
   * Makes a token.
   *
   * @param address host and port that the device is to dial
   */
  Invitation invite(String name, AgentRole role, Duration expires, String address, String by) {
    Texts.name("name", name);
    if (expires.compareTo(SHORTEST) < 0 || expires.compareTo(LONGEST) > 0) {
      throw new Problem(
          HttpStatus.BAD_REQUEST,
          Failure.USAGE,
          "expires",
          expires.toSeconds() + " s",
          "1 second to 30 days");
    }
    var token = new Tokens.Enrolment(Tokens.secret(), authority.fingerprint(), address);
    long now = clock.millis();
    long until = now + expires.toMillis();
    store.audited(tables -> {
      tables.enrolments().add(Tokens.hash(token.secretText()), name, role, by, now, until);
      return tables
          .audit()
          .append(
              now,
              "operator " + by,
              "invite",
              name,
              role.word() + ", until " + Instant.ofEpochMilli(until));
    });
    return new Invitation(token.token(), Instant.ofEpochMilli(until));
  }

  /**
   * Uses a token up and signs a certificate.
   *
   * @param secret of the token
   * @param request PKCS #10
   * @param from where the connection came from
   */
  X509Certificate enrol(String secret, byte[] request, String from) {
    PublicKey key = key(request, from);
    var hash = Tokens.hash(secret);
    long now = clock.millis();
    var known = store.look(tables -> tables.enrolments().find(hash)).orElse(null);
    var why = refusal(known, now);
    if (known == null || why != null) {
      throw refuse(from, known == null ? "unknown token" : known.name(), String.valueOf(why));
    }
    var certificate = authority.ofAgent(key, known.name(), known.role(), lifetime);
    boolean first =
        store.audited(tables -> {
          boolean used = tables.enrolments().use(hash, now);
          if (used) {
            put(tables, known.name(), known.role(), certificate, null, now, "enrol", from);
          }
          return used;
        });
    if (!first) {
      throw refuse(from, known.name(), "token: used already (expected: a new one)");
    }
    store.look(tables -> tables.agents().find(known.name())).ifPresent(registry::enrolled);
    return certificate;
  }

  /** A new certificate in place of one that still counts. */
  X509Certificate renew(String name, X509Certificate old, byte[] request, String from) {
    var why = registry.refuse(name, old);
    if (why != null) {
      throw new Problem(HttpStatus.FORBIDDEN, Failure.REFUSED, "renewal", name, why);
    }
    var key = key(request, from);
    var agent =
        store
            .look(tables -> tables.agents().find(name))
            .orElseThrow(() -> Problem.noSuch("device", name, "one that is enrolled"));
    var certificate = authority.ofAgent(key, name, agent.role(), lifetime);
    long now = clock.millis();
    store.audited(tables -> {
      put(tables, name, agent.role(), certificate, Registry.serial(old), now, "renew", from);
      return true;
    });
    store.look(tables -> tables.agents().find(name)).ifPresent(registry::enrolled);
    return certificate;
  }

  private static void put(
      Tables tables,
      String name,
      AgentRole role,
      X509Certificate certificate,
      @Nullable String previous,
      long now,
      String action,
      String from) {
    long until = certificate.getNotAfter().getTime();
    tables
        .agents()
        .put(name, role, Registry.serial(certificate), previous, Pem.of(certificate), now, until);
    tables
        .audit()
        .append(
            now,
            from,
            action,
            name,
            role.word()
                + ", certificate "
                + Registry.serial(certificate)
                + " until "
                + Instant.ofEpochMilli(until));
  }

  private @Nullable String refusal(Enrolments.@Nullable Enrolment known, long now) {
    if (known == null) {
      return "token: unknown (expected: one that this coordinator gave out, whole)";
    }
    if (known.used()) {
      return "token: used already (expected: a new one; if it was not you who used it, revoke "
          + known.name()
          + ")";
    }
    if (known.expiresAt() <= now) {
      return "token: expired on "
          + Instant.ofEpochMilli(known.expiresAt())
          + " (expected: a new one; the coordinator's clock says "
          + Instant.ofEpochMilli(now)
          + ")";
    }
    return null;
  }

  private PublicKey key(byte[] request, String from) {
    try {
      return Keys.requested(request);
    } catch (Keys.BadRequest e) {
      throw refuse(from, "request", "request for a certificate: " + e.getMessage());
    }
  }

  private RuntimeException refuse(String from, String subject, String why) {
    registry.refused(from, subject, why);
    return new dev.anabranch.core.AnabranchException(Failure.REFUSED, why);
  }
}
