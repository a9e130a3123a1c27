package dev.anabranch.service.internal;

import dev.anabranch.core.Failure;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** The store on a server of PostgreSQL that this test starts; its programs come with the test. */
class PostgresStoreIT extends StoreContract {
  private static EmbeddedPostgres server;
  private String database = "";

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.builder().start();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  @BeforeEach
  void create(TestInfo test) throws SQLException {
    database = test.getTestMethod().orElseThrow().getName().toLowerCase(Locale.ROOT);
    try (var connection = server.getPostgresDatabase().getConnection();
        var statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + database);
    }
  }

  @Override
  String url() {
    return server.getJdbcUrl("postgres", database);
  }

  @Override
  void dropTrigger(Tables tables) {
    tables.sql().execute("DROP TRIGGER audit_no_update ON audit");
    tables.sql().execute("DROP TRIGGER audit_no_delete ON audit");
  }

  private String name() {
    return "localhost:" + server.getPort() + "/" + database;
  }

  @Test
  void secondCoordinatorIsRefused() {
    try (var store = open()) {
      assertFails(
          this::open,
          Failure.IN_USE,
          "database: " + name() + " (expected: not in use; another coordinator holds it)");
      store.changes(tables -> tables.agents().seen("nobody", 1));
    }
    open().close();
  }

  @Test
  void readOnlyDatabaseIsNamed() {
    open().close();
    assertFails(
        () ->
            Store.open(
                    url() + "&options=-c%20default_transaction_read_only=on",
                    folder.resolve("witness"),
                    CLOCK,
                    false)
                .changes(tables -> tables.agents().seen("ward-1", 1)),
        Failure.STORAGE,
        "database: "
            + name()
            + ": read-only (expected: the right to write in it, and in its folder where it is a"
            + " file)");
  }

  @Test
  void missingDatabaseIsNamed() {
    assertFails(
        () ->
            Store.open(
                server.getJdbcUrl("postgres", "nowhere"), folder.resolve("witness"), CLOCK, false),
        Failure.STORAGE,
        "database: localhost:"
            + server.getPort()
            + "/nowhere: cannot be opened: FATAL: database \"nowhere\" does not exist (expected: a"
            + " database that is there and lets this user in)");
  }

  @Test
  void tableOfAuditIsNotEmptied() {
    try (var store = open()) {
      assertFails(
          () -> store.change(tables -> tables.sql().execute("TRUNCATE audit")),
          Failure.STORAGE,
          "database: "
              + name()
              + ": ERROR: audit: entries are never deleted (expected: entries that are appended"
              + " alone)");
    }
  }
}
