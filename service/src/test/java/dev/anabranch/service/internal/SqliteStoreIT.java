package dev.anabranch.service.internal;

import dev.anabranch.core.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import org.junit.jupiter.api.Test;

class SqliteStoreIT extends StoreContract {
  private Path file() {
    return folder.resolve("store.db");
  }

  @Override
  String url() {
    return Store.sqlite(file());
  }

  @Override
  void dropTrigger(Tables tables) {
    tables.sql().execute("DROP TRIGGER audit_no_update");
    tables.sql().execute("DROP TRIGGER audit_no_delete");
  }

  private static void fill(Store store) {
    for (int i = 0; i < 10_000; i++) {
      var id = "run-" + i;
      store.changes(
          tables -> tables.runs().add(id, "r", "m", 1, 1, "x".repeat(10_000), "alice", 1));
    }
  }

  @Test
  void lockedDatabaseIsNamed() throws Exception {
    try (var store = open();
        var other = DriverManager.getConnection(url());
        var statement = other.createStatement()) {
      statement.execute("BEGIN EXCLUSIVE");
      assertFails(
          () -> store.changes(tables -> tables.agents().seen("ward-1", 1)),
          Failure.IN_USE,
          "database: "
              + file()
              + ": locked by another process (expected: this coordinator alone; end what has it"
              + " open)");
    }
  }

  @Test
  void readOnlyDatabaseIsNamed() {
    try (var store = open()) {
      store.change(tables -> tables.sql().execute("PRAGMA query_only = 1"));
      assertFails(
          () -> store.changes(tables -> tables.agents().seen("ward-1", 1)),
          Failure.STORAGE,
          "database: "
              + file()
              + ": read-only (expected: the right to write in it, and in its folder where it is a"
              + " file)");
    }
  }

  @Test
  void fullDiskIsNamed() {
    try (var store =
        Store.open(url() + "?max_page_count=100", folder.resolve("witness"), CLOCK, false)) {
      assertFails(
          () -> fill(store),
          Failure.STORAGE,
          "database: "
              + file()
              + ": full (expected: room for it to grow; make room, then start again)");
    }
    open().close();
  }

  @Test
  void damagedFileIsNamed() throws Exception {
    Files.writeString(file(), "this is no database, but a text that is long enough\n".repeat(100));
    assertFails(
        this::open,
        Failure.CORRUPT,
        "database: "
            + file()
            + ": damaged (expected: a whole database; keep it for whoever has to find out, and"
            + " restore a backup)");
  }

  @Test
  void otherDatabasesAreRefused() {
    assertFails(
        () -> Store.open("jdbc:h2:mem:x", folder.resolve("witness"), CLOCK, false),
        Failure.USAGE,
        "--database: jdbc:h2:mem:x (expected: jdbc:sqlite:… or jdbc:postgresql:…)");
  }
}
