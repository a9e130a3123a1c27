package dev.anabranch.service.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatObject;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.OperatorRole;
import dev.anabranch.service.RunState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What holds for the store on every database. */
abstract class StoreContract {
  static final InstantSource CLOCK = () -> java.time.Instant.ofEpochMilli(1_000_000);

  @TempDir Path folder;

  /** The URL of an empty database; the same within one test. */
  abstract String url();

  Store open() {
    return open(false);
  }

  Store open(boolean restored) {
    return Store.open(url(), folder.resolve("witness"), CLOCK, restored);
  }

  static void assertFails(ThrowingCallable doing, Failure failure, String message) {
    assertThatThrownBy(doing)
        .isInstanceOf(AnabranchException.class)
        .hasMessage(message)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(failure);
  }

  private static void note(Store store, String subject) {
    store.audited(
        tables -> tables.audit().append(CLOCK.millis(), "operator a", "note", subject, ""));
  }

  @Test
  void runGoesThroughItsStatesAndSurvives() {
    try (var store = open()) {
      store.changes(tables -> {
        tables.runs().add("r-1", "r", "fedavg", 3, 2, "plan", "alice", 5);
        tables.runs().add("r-2", "r", "fedavg", 0, 2, "plan", "alice", 5);
      });
      store.changes(tables -> tables.runs().started("r-1", 7));
      store.changes(tables -> tables.runs().roundsDone("r-1", 2));
      store.changes(tables -> {
        tables.runs().visit("r-1", visit(0, 0, 1, "whole"));
        tables.runs().visit("r-1", visit(1, 0, 1, "invited"));
        tables.runs().visit("r-1", visit(1, 0, 2, "invited"));
        tables.runs().visit("r-1", visit(1, 1, 1, "invited"));
        tables.runs().visit("r-1", visit(1, 1, 1, "lost"));
        tables.runs().assign("r-1", "device 0", "ward-1");
        tables.runs().assign("r-1", "device 0", "ward-2");
      });
    }
    try (var store = open()) {
      var run = store.look(tables -> tables.runs().find("r-1")).orElseThrow();
      assertThat(run.state()).isEqualTo(RunState.RUNNING);
      assertThat(run.startedAt()).isEqualTo(7);
      assertThat(run.endedAt()).isNull();
      assertThat(run.roundsDone()).isEqualTo(2);
      assertThatObject(store.look(tables -> tables.runs().visits("r-1")))
          .isEqualTo(List.of(visit(1, 0, 2, "invited"), visit(1, 1, 1, "lost")));
      assertThatObject(store.look(tables -> tables.runs().assignments("r-1")))
          .isEqualTo(Map.of("device 0", "ward-2"));
      assertThatObject(store.look(tables -> tables.runs().unfinished().size())).isEqualTo(2);
      assertThatObject(store.change(tables -> tables.runs().stop("r-2", "alice", 9)))
          .isEqualTo(true);
      assertThatObject(store.change(tables -> tables.runs().stop("r-1", "alice", 9)))
          .isEqualTo(true);
      store.changes(tables -> tables.runs().ended("r-1", RunState.FAILED, 11, "QUORUM", "none"));
      store.changes(tables -> tables.runs().ended("r-1", RunState.COMPLETED, 12, null, null));
      assertThatObject(store.change(tables -> tables.runs().stop("r-1", "alice", 9)))
          .isEqualTo(false);
      List<Runs.Run> newest = store.look(tables -> tables.runs().newest(10));
      assertThat(newest).extracting(Runs.Run::id).containsExactly("r-2", "r-1");
      assertThat(newest)
          .extracting(Runs.Run::state)
          .containsExactly(RunState.STOPPED, RunState.FAILED);
      assertThatObject(store.look(tables -> tables.runs().counts()))
          .isEqualTo(Map.of(RunState.STOPPED, 1, RunState.FAILED, 1));
    }
  }

  private static Runs.Visit visit(int round, int device, int attempt, String state) {
    return new Runs.Visit(round, device, attempt, "ward-1", state, 8, null);
  }

  @Test
  void tokensAndAgentsAreKept() {
    try (var store = open()) {
      assertThatObject(
              store.change(tables -> {
                tables.enrolments().add("hash", "ward-1", AgentRole.BODY, "alice", 1, 100);
                return tables.enrolments().use("hash", 2);
              }))
          .isEqualTo(true);
      assertThatObject(store.change(tables -> tables.enrolments().use("hash", 3))).isEqualTo(false);
      store.changes(tables -> {
        tables.agents().put("ward-1", AgentRole.BODY, "ab", null, "pem", 4, 2_000_000);
        tables.agents().sent("ward-1", "update", 10);
        tables.agents().sent("ward-1", "update", 5);
        tables.operators().put("alice", "h1", OperatorRole.VIEWER, 1);
        tables.operators().put("alice", "h2", OperatorRole.ADMIN, 2);
      });
      assertThatObject(store.look(tables -> tables.agents().sent()))
          .isEqualTo(Map.of("ward-1", Map.of("update", 15L)));
      assertThatObject(store.change(tables -> tables.agents().revoke("ward-1", 5))).isEqualTo(true);
      assertThatObject(store.change(tables -> tables.agents().revoke("ward-1", 6)))
          .isEqualTo(false);
      assertThatObject(store.look(tables -> tables.agents().find("ward-1")).orElseThrow().revoked())
          .isEqualTo(true);
      assertThatObject(store.look(tables -> tables.operators().byHash("h1")))
          .isEqualTo(Optional.empty());
      assertThatObject(store.look(tables -> tables.operators().byHash("h2")).orElseThrow().role())
          .isEqualTo(OperatorRole.ADMIN);
    }
  }

  @Test
  void changeThatFailsLeavesNothing() {
    try (var store = open()) {
      assertThatThrownBy(() ->
              store.change(tables -> {
                tables.runs().add("r-1", "r", "fedavg", 3, 2, "plan", "alice", 5);
                throw new IllegalStateException("half way");
              }))
          .hasMessage("half way");
      assertThatObject(store.look(tables -> tables.runs().find("r-1"))).isEqualTo(Optional.empty());
    }
  }

  @Test
  void auditOnlyGrows() {
    try (var store = open()) {
      note(store, "one");
      note(store, "two");
      var entries = store.look(tables -> tables.audit().from(1, 10));
      assertThat(entries.getLast().previous()).isEqualTo(entries.getFirst().hash());
      for (var sql : new String[] {"UPDATE audit SET actor = 'x'", "DELETE FROM audit"}) {
        var word = sql.startsWith("U") ? "changed" : "deleted";
        assertThatThrownBy(() -> store.change(tables -> tables.sql().execute(sql)))
            .isInstanceOf(AnabranchException.class)
            .hasMessageContaining("audit: entries are never " + word)
            .hasMessageEndingWith(" (expected: entries that are appended alone)");
      }
      assertThatObject(store.look(tables -> tables.audit().last()).orElseThrow().subject())
          .isEqualTo("two");
    }
  }

  @Test
  void entryThatSomebodyChangedIsFound() {
    try (var store = open()) {
      note(store, "one");
      note(store, "two");
      store.change(tables -> {
        dropTrigger(tables);
        return tables.sql().execute("UPDATE audit SET subject = 'three' WHERE sequence = 1");
      });
    }
    assertFails(
        this::open,
        Failure.CORRUPT,
        "audit: entry 1 was changed or taken out (expected: a chain of hashes without a gap; keep"
            + " the database for whoever has to find out, and restore a backup)");
  }

  abstract void dropTrigger(Tables tables);

  /** Takes the audit log back to its first entry, as an old backup would. */
  private void restoreOldBackup() {
    try (var store = open()) {
      note(store, "one");
      store.audited(tables -> {
        tables.agents().put("ward-1", AgentRole.DEVICE, "ab", null, "pem", 4, 2_000_000);
        tables.agents().revoke("ward-1", 5);
        return tables.audit().append(CLOCK.millis(), "operator a", "revoke", "ward-1", "");
      });
      store.changes(tables -> {
        dropTrigger(tables);
        tables.sql().execute("DELETE FROM audit WHERE sequence = 2");
        tables.sql().execute("UPDATE agents SET revoked_at = NULL");
        tables.enrolments().add("hash", "ward-2", AgentRole.DEVICE, "alice", 1, 2_000_000);
      });
    }
  }

  @Test
  void oldBackupIsRefusedUntilItIsAccepted() {
    restoreOldBackup();
    assertThatThrownBy(this::open)
        .isInstanceOf(AnabranchException.class)
        .hasMessageEndingWith(
            " ends at entry 1 of its audit log (expected: entry 2 as "
                + folder.resolve("witness")
                + " saw it; it was restored from an old backup. Restore a newer one, or start with"
                + " --accept-restored: open enrolment tokens are voided, and devices that were"
                + " revoked stay so)")
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.RESTORED);
    try (var store = open(true)) {
      assertThatObject(store.look(tables -> tables.agents().find("ward-1")).orElseThrow().revoked())
          .isEqualTo(true);
      assertThatObject(store.look(tables -> tables.enrolments().find("hash")).orElseThrow().used())
          .isEqualTo(true);
      assertThatObject(store.look(tables -> tables.audit().last()).orElseThrow().detail())
          .isEqualTo("behind entry 2; tokens voided: 1; revoked again: ward-1");
    }
    open().close();
  }

  @Test
  void newerDatabaseIsRefused() {
    try (var store = open()) {
      store.changes(tables ->
          tables
              .sql()
              .execute(
                  "INSERT INTO flyway_schema_history (installed_rank, version, description, type,"
                      + " script, checksum, installed_by, execution_time, success)"
                      + " VALUES (99, '7', 'later', 'SQL', 'V7__later.sql', 1, 'x', 1, "
                      + (url().startsWith("jdbc:sqlite") ? "1" : "true")
                      + ")"));
    }
    assertThatThrownBy(this::open)
        .isInstanceOf(AnabranchException.class)
        .hasMessageEndingWith(
            ": its tables are of version 7 (expected: at most 3, which is what this program knows;"
                + " use the newer program)")
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.NEWER);
  }

  @Test
  void brokenWitnessIsNamed() throws Exception {
    open().close();
    Files.writeString(folder.resolve("witness"), "{}");
    assertFails(
        this::open,
        Failure.CORRUPT,
        folder.resolve("witness")
            + ": no witness (expected: what the coordinator wrote there; delete it only if the"
            + " database is surely the newest)");
  }
}
