package dev.anabranch.service.internal;

import dev.anabranch.service.AgentRole;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Enrolled devices and hosts of bodies. */
record Agents(Handle sql) {
  /**
   * An enrolled process.
   *
   * @param serial of the certificate that counts, hexadecimal
   * @param previous of the one that was renewed, while the new one has not been shown
   * @param profile what it said about itself, as JSON
   */
  record Agent(
      String name,
      AgentRole role,
      String serial,
      @Nullable String previous,
      long enrolledAt,
      long expiresAt,
      @Nullable Long revokedAt,
      @Nullable Long lastSeenAt,
      @Nullable String profile) {
    private static Agent of(ResultSet row) throws SQLException {
      return new Agent(
          row.getString("name"),
          AgentRole.valueOf(row.getString("role").toUpperCase(Locale.ROOT)),
          row.getString("serial"),
          row.getString("previous"),
          row.getLong("enrolled_at"),
          row.getLong("expires_at"),
          Rows.optionalLong(row, "revoked_at"),
          Rows.optionalLong(row, "last_seen_at"),
          row.getString("profile"));
    }

    boolean revoked() {
      return revokedAt != null;
    }
  }

  /** Puts an agent in, or a new certificate in place of its old one. */
  void put(
      String name,
      AgentRole role,
      String serial,
      @Nullable String previous,
      String certificate,
      long at,
      long expiresAt) {
    sql.createUpdate(
            "INSERT INTO agents (name, role, serial, previous, certificate, enrolled_at,"
                + " expires_at) VALUES (:name, :role, :serial, :previous, :certificate, :at,"
                + " :expires) ON CONFLICT (name) DO UPDATE SET role = :role, serial = :serial,"
                + " previous = :previous, certificate = :certificate, enrolled_at = :at, expires_at"
                + " = :expires, revoked_at = NULL")
        .bind("name", name)
        .bind("role", role.word())
        .bind("serial", serial)
        .bind("previous", previous)
        .bind("certificate", certificate)
        .bind("at", at)
        .bind("expires", expiresAt)
        .execute();
  }

  Optional<Agent> find(String name) {
    return sql.createQuery("SELECT * FROM agents WHERE name = :name")
        .bind("name", name)
        .map((row, context) -> Agent.of(row))
        .findOne();
  }

  List<Agent> all() {
    return sql.createQuery("SELECT * FROM agents ORDER BY name")
        .map((row, context) -> Agent.of(row))
        .list();
  }

  /** Those that were revoked and whose certificates have not expired. */
  List<String> revoked(long now) {
    return sql.createQuery(
            "SELECT name FROM agents WHERE revoked_at IS NOT NULL AND expires_at > :now"
                + " ORDER BY name")
        .bind("now", now)
        .mapTo(String.class)
        .list();
  }

  boolean revoke(String name, long at) {
    return sql.createUpdate(
                "UPDATE agents SET revoked_at = :at WHERE name = :name AND revoked_at IS NULL")
            .bind("name", name)
            .bind("at", at)
            .execute()
        == 1;
  }

  /** The new certificate was shown: the one before counts no more. */
  void settle(String name) {
    sql.createUpdate("UPDATE agents SET previous = NULL WHERE name = :name")
        .bind("name", name)
        .execute();
  }

  void seen(String name, long at) {
    sql.createUpdate("UPDATE agents SET last_seen_at = :at WHERE name = :name")
        .bind("name", name)
        .bind("at", at)
        .execute();
  }

  void describe(String name, String profile) {
    sql.createUpdate("UPDATE agents SET profile = :profile WHERE name = :name")
        .bind("name", name)
        .bind("profile", profile)
        .execute();
  }

  /** Adds to what an agent has sent on a topic. */
  void sent(String name, String topic, long bytes) {
    sql.createUpdate(
            "INSERT INTO sent (agent, topic, bytes) VALUES (:name, :topic, :bytes)"
                + " ON CONFLICT (agent, topic) DO UPDATE SET bytes = sent.bytes + :bytes")
        .bind("name", name)
        .bind("topic", topic)
        .bind("bytes", bytes)
        .execute();
  }

  /** Bytes by agent and topic. */
  Map<String, Map<String, Long>> sent() {
    var out = new LinkedHashMap<String, Map<String, Long>>();
    sql.createQuery("SELECT agent, topic, bytes FROM sent ORDER BY agent, topic")
        .map((row, context) ->
            out.computeIfAbsent(row.getString("agent"), key -> new LinkedHashMap<>())
                .put(row.getString("topic"), row.getLong("bytes")))
        .list();
    return out;
  }
}
