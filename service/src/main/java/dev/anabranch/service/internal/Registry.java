package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.service.AgentDirectory;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.RunExecutor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Enrolled agents, kept in memory beside the database, so that ten thousand that come back at once
 * wait for no disk. Thread-safe.
 */
final class Registry implements AgentDirectory {
  /** The same refusal of the same agent is written down once in this time. */
  private static final Duration QUIET = Duration.ofMinutes(1);

  private static final int REFUSALS = 10_000;

  private final Store store;
  private final InstantSource clock;
  private final boolean open;
  private final Map<String, Agents.Agent> enrolled = new ConcurrentHashMap<>();
  private final Set<String> present = ConcurrentHashMap.newKeySet();
  private final Map<String, Map<String, ?>> profiles = new ConcurrentHashMap<>();
  private final Map<String, Instant> seen = new ConcurrentHashMap<>();
  private final Map<String, Map<String, LongAdder>> sent = new ConcurrentHashMap<>();
  private final Map<String, Instant> refusals = new ConcurrentHashMap<>();
  private final List<BiConsumer<String, String>> expelled = new CopyOnWriteArrayList<>();

  /**
   * @param open whether agents without a certificate are let in, on the loopback alone
   */
  Registry(Store store, InstantSource clock, boolean open) {
    this.store = store;
    this.clock = clock;
    this.open = open;
    for (var agent : store.look(tables -> tables.agents().all())) {
      enrolled.put(agent.name(), agent);
      var profile = agent.profile();
      if (profile != null) {
        profiles.put(agent.name(), Json.map(Json.read("profile of " + agent.name(), profile)));
      }
    }
  }

  /** The serial number as it is kept. */
  static String serial(X509Certificate certificate) {
    return certificate.getSerialNumber().toString(16);
  }

  /**
   * Null, or why this agent is not let in. A refusal is written into the audit log.
   *
   * @param certificate what it showed; null on an unencrypted loopback connection
   */
  @Nullable String refuse(String name, @Nullable X509Certificate certificate) {
    var why = judge(name, certificate);
    if (why != null) {
      refused("agent " + Texts.shortened(name), name, why);
    }
    return why;
  }

  private @Nullable String judge(String name, @Nullable X509Certificate certificate) {
    var known = enrolled.get(name);
    if (certificate == null) {
      return open
          ? null
          : "certificate of "
              + Texts.shortened(name)
              + ": none (expected: one of this coordinator; enrol the device)";
    }
    if (known == null) {
      return "certificate of "
          + Texts.shortened(name)
          + ": not enrolled here (expected: a name that 'anabranch devices' lists; enrol it again)";
    }
    if (known.revoked()) {
      return "certificate of "
          + name
          + ": revoked on "
          + instant(known.revokedAt())
          + " (expected: one that counts; enrol the device again with a new token)";
    }
    if (serial(certificate).equals(known.serial())) {
      settle(known);
    } else if (!serial(certificate).equals(known.previous())) {
      return "certificate of "
          + name
          + ": replaced by the one of "
          + Instant.ofEpochMilli(known.enrolledAt())
          + " (expected: the newest; two machines may be using one name)";
    }
    return expiry(name, certificate);
  }

  private void settle(Agents.Agent known) {
    if (known.previous() != null) {
      store.changes(tables -> tables.agents().settle(known.name()));
      store
          .look(tables -> tables.agents().find(known.name()))
          .ifPresent(agent -> enrolled.put(agent.name(), agent));
    }
  }

  private static Instant instant(@Nullable Long millis) {
    return Instant.ofEpochMilli(millis == null ? 0 : millis);
  }

  private @Nullable String expiry(String name, X509Certificate certificate) {
    var now = clock.instant();
    if (now.isAfter(certificate.getNotAfter().toInstant())) {
      return "certificate of "
          + name
          + ": expired on "
          + certificate.getNotAfter().toInstant()
          + " (expected: valid at "
          + now
          + ", by the coordinator's clock; enrol the device again)";
    }
    if (now.isBefore(certificate.getNotBefore().toInstant())) {
      return "certificate of "
          + name
          + ": valid from "
          + certificate.getNotBefore().toInstant()
          + " (expected: valid at "
          + now
          + ", by the coordinator's clock; was that set back?)";
    }
    return null;
  }

  /** Writes a refusal down, unless the same one was just written. */
  void refused(String actor, String subject, String why) {
    var now = clock.instant();
    refusals.values().removeIf(at -> at.plus(QUIET).isBefore(now));
    var key = actor + "\n" + subject + "\n" + why;
    if (refusals.size() < REFUSALS && refusals.putIfAbsent(key, now) == null) {
      store.audited(tables ->
          tables
              .audit()
              .append(now.toEpochMilli(), actor, "refused", Texts.shortened(subject), why));
    }
  }

  /** Takes an agent that was enrolled just now. */
  void enrolled(Agents.Agent agent) {
    enrolled.put(agent.name(), agent);
  }

  /**
   * Shuts an agent out.
   *
   * @return whether there was one to shut out
   */
  boolean revoke(String name, String actor) {
    long now = clock.millis();
    boolean done =
        store.audited(tables -> {
          boolean was = tables.agents().revoke(name, now);
          int voided = tables.enrolments().voidOf(name, now);
          if (was || voided > 0) {
            tables.audit().append(now, actor, "revoke", name, "open tokens voided: " + voided);
          }
          return was || voided > 0;
        });
    store.look(tables -> tables.agents().find(name)).ifPresent(agent -> enrolled.put(name, agent));
    if (done) {
      present.remove(name);
      expelled.forEach(listener -> listener.accept(name, "certificate of " + name + ": revoked"));
    }
    return done;
  }

  /** An agent attends. */
  void attends(String name) {
    present.add(name);
    seen.put(name, clock.instant());
  }

  /** An agent says what it is. */
  void describes(String name, Map<String, ?> profile) {
    profiles.put(name, Map.copyOf(profile));
    seen.put(name, clock.instant());
  }

  /** An agent no longer attends. */
  void gone(String name) {
    if (present.remove(name)) {
      seen.put(name, clock.instant());
    }
  }

  @Override
  public void sent(String name, String topic, long bytes) {
    sent.computeIfAbsent(name, key -> new ConcurrentHashMap<>())
        .computeIfAbsent(topic, key -> new LongAdder())
        .add(bytes);
  }

  @Override
  public Map<String, ?> profile(String name) {
    return profiles.getOrDefault(name, Map.of());
  }

  @Override
  public List<RunExecutor.Attending> attending() {
    return present.stream()
        .sorted()
        .map(name -> {
          var profile = profile(name);
          return new RunExecutor.Attending(name, role(name, profile), profile);
        })
        .toList();
  }

  private AgentRole role(String name, Map<String, ?> profile) {
    var known = enrolled.get(name);
    return known != null
        ? known.role()
        : "body".equals(profile.get("role")) ? AgentRole.BODY : AgentRole.DEVICE;
  }

  /** Calls back with name and reason where an agent must be cut off. */
  void onExpelled(BiConsumer<String, String> listener) {
    expelled.add(listener);
  }

  /** Writes to the database what has changed since the last time. */
  void save() {
    if (seen.isEmpty() && sent.isEmpty()) {
      return;
    }
    var at = new LinkedHashMap<String, Instant>();
    seen.keySet().forEach(name -> at.put(name, seen.remove(name)));
    var bytes = new LinkedHashMap<String, Map<String, Long>>();
    sent.forEach((name, topics) ->
        topics.forEach((topic, sum) ->
            bytes
                .computeIfAbsent(name, key -> new LinkedHashMap<>())
                .put(topic, sum.sumThenReset())));
    store.changes(tables -> {
      at.forEach((name, when) -> {
        tables.agents().seen(name, when.toEpochMilli());
        var profile = profiles.get(name);
        if (profile != null) {
          tables.agents().describe(name, Json.text(profile));
        }
      });
      bytes.forEach((name, topics) ->
          topics.forEach((topic, sum) -> {
            if (sum > 0) {
              tables.agents().sent(name, topic, sum);
            }
          }));
    });
  }

  /** All agents as the API shows them. */
  List<Map<String, Object>> list() {
    save();
    var out = new ArrayList<Map<String, Object>>();
    var bytes = store.look(tables -> tables.agents().sent());
    var going = store.look(tables -> tables.runs().going());
    for (var agent : store.look(tables -> tables.agents().all())) {
      var one = new LinkedHashMap<String, Object>();
      one.put("name", agent.name());
      one.put("role", agent.role().word());
      one.put("state", state(agent));
      one.put("enrolledAt", instant(agent.enrolledAt()).toString());
      one.put("expiresAt", instant(agent.expiresAt()).toString());
      if (present.contains(agent.name())) {
        one.put("lastSeenAt", clock.instant().toString());
      } else if (agent.lastSeenAt() != null) {
        one.put("lastSeenAt", instant(agent.lastSeenAt()).toString());
      }
      one.put("runs", going.getOrDefault(agent.name(), List.of()));
      var profile = agent.profile();
      if (profile != null) {
        JsonNode read = Json.read("profile", profile);
        one.put("profile", read);
      }
      var topics = bytes.getOrDefault(agent.name(), Map.of());
      one.put(
          "sent",
          Map.of(
              "bytes",
              topics.values().stream().mapToLong(Long::longValue).sum(),
              "byTopic",
              topics));
      out.add(one);
    }
    return out;
  }

  private String state(Agents.Agent agent) {
    if (agent.revoked()) {
      return "revoked";
    }
    if (present.contains(agent.name())) {
      return "attending";
    }
    return agent.expiresAt() < clock.millis() ? "expired" : "away";
  }

  /** How many attend, by role. */
  Map<AgentRole, Long> counts() {
    return attending().stream()
        .collect(Collectors.groupingBy(RunExecutor.Attending::role, Collectors.counting()));
  }
}
