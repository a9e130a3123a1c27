package dev.anabranch.service.internal;

import dev.anabranch.service.OperatorRole;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** Those who may use the HTTP API. */
record Operators(Handle sql) {
  /** An operator, without the token: only its hash is kept. */
  record Operator(String name, OperatorRole role, long createdAt) {
    private static Operator of(ResultSet row) throws SQLException {
      return new Operator(
          row.getString("name"),
          OperatorRole.valueOf(row.getString("role").toUpperCase(Locale.ROOT)),
          row.getLong("created_at"));
    }
  }

  /** Adds an operator, or gives an existing one a new token and role. */
  void put(String name, String hash, OperatorRole role, long at) {
    sql.createUpdate(
            "INSERT INTO operators (name, hash, role, created_at)"
                + " VALUES (:name, :hash, :role, :at)"
                + " ON CONFLICT (name) DO UPDATE SET hash = :hash, role = :role, created_at = :at")
        .bind("name", name)
        .bind("hash", hash)
        .bind("role", role.word())
        .bind("at", at)
        .execute();
  }

  Optional<Operator> byHash(String hash) {
    return sql.createQuery("SELECT * FROM operators WHERE hash = :hash")
        .bind("hash", hash)
        .map((row, context) -> Operator.of(row))
        .findOne();
  }

  List<Operator> all() {
    return sql.createQuery("SELECT * FROM operators ORDER BY name")
        .map((row, context) -> Operator.of(row))
        .list();
  }

  boolean remove(String name) {
    return sql.createUpdate("DELETE FROM operators WHERE name = :name").bind("name", name).execute()
        > 0;
  }
}
