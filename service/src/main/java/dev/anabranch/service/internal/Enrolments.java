package dev.anabranch.service.internal;

import dev.anabranch.service.AgentRole;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** One-time tokens of devices that are yet to come; only their hashes are kept. */
record Enrolments(Handle sql) {
  /** An open or used token. */
  record Enrolment(String name, AgentRole role, long expiresAt, boolean used) {}

  void add(String hash, String name, AgentRole role, String by, long at, long expiresAt) {
    sql.createUpdate(
            "INSERT INTO enrolments (hash, name, role, created_by, created_at, expires_at)"
                + " VALUES (:hash, :name, :role, :by, :at, :expires)")
        .bind("hash", hash)
        .bind("name", name)
        .bind("role", role.word())
        .bind("by", by)
        .bind("at", at)
        .bind("expires", expiresAt)
        .execute();
  }

  Optional<Enrolment> find(String hash) {
    return sql.createQuery("SELECT * FROM enrolments WHERE hash = :hash")
        .bind("hash", hash)
        .map((row, context) ->
            new Enrolment(
                row.getString("name"),
                AgentRole.valueOf(row.getString("role").toUpperCase(Locale.ROOT)),
                row.getLong("expires_at"),
                row.getObject("used_at") != null))
        .findOne();
  }

  /** Uses a token up; false if somebody else was quicker. */
  boolean use(String hash, long at) {
    return sql.createUpdate(
                "UPDATE enrolments SET used_at = :at WHERE hash = :hash AND used_at IS NULL")
            .bind("hash", hash)
            .bind("at", at)
            .execute()
        == 1;
  }

  /** Uses up all open tokens. */
  int voidAll(long at) {
    return sql.createUpdate("UPDATE enrolments SET used_at = :at WHERE used_at IS NULL")
        .bind("at", at)
        .execute();
  }

  /** Uses up the open tokens of one name. */
  int voidOf(String name, long at) {
    return sql.createUpdate(
            "UPDATE enrolments SET used_at = :at WHERE name = :name AND used_at IS NULL")
        .bind("name", name)
        .bind("at", at)
        .execute();
  }
}
