package dev.anabranch.service.internal;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's database: a file of SQLite, or PostgreSQL by URL. What {@link #change} has done
 * is on disk when it returns. Thread-safe; closing twice is allowed.
 */
final class Store implements AutoCloseable {
  private static final String PLACE = "classpath:dev/anabranch/service/db/";

  /** Chosen once for all; the lock ends with the connection that holds it. */
  private static final long ADVISORY = 0x616e_6162_7261_6e63L;

  private final String name;
  private final InstantSource clock;
  private final HikariDataSource pool;
  private final Jdbi jdbi;
  private final Witness witness;
  private final ReentrantLock writer = new ReentrantLock();
  private java.sql.@Nullable Connection alone;
  private String id = "";

  private Store(String url, Witness witness, InstantSource clock) {
    this.name = speakable(url);
    this.clock = clock;
    this.witness = witness;
    try {
      pool = new HikariDataSource(config(url));
      jdbi = Jdbi.create(pool);
    } catch (RuntimeException e) {
      throw DatabaseErrors.translate(name, e);
    }
  }

  /** The URL of an SQLite file. */
  static String sqlite(Path file) {
    return "jdbc:sqlite:" + file;
  }

  /**
   * Opens a database, and brings its tables up to date.
   *
   * @param url of JDBC, for SQLite or PostgreSQL
   * @param witness see {@link Witness}; made if it is not there
   * @param restored whether a database that is older than its witness is accepted
   */
  static Store open(String url, Path witness, InstantSource clock, boolean restored) {
    if (!url.startsWith("jdbc:sqlite:") && !url.startsWith("jdbc:postgresql:")) {
      throw AnabranchException.expected(
          Failure.USAGE, "--database", speakable(url), "jdbc:sqlite:… or jdbc:postgresql:…");
    }
    var store = new Store(url, new Witness(witness), clock);
    try {
      store.takeAlone(url);
      store.migrate(url);
      store.identify();
      store.compareWithWitness(restored);
      return store;
    } catch (RuntimeException e) {
      store.close();
      throw DatabaseErrors.translate(store.name, e);
    }
  }

  /** Without a password. */
  private static String speakable(String url) {
    return url.replaceFirst("^jdbc:(sqlite|postgresql):(//)?", "")
        .replaceAll("\\?.*", "")
        .replaceAll("[^/@]*@", "");
  }

  private static HikariConfig config(String url) {
    var config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setInitializationFailTimeout(1);
    config.setConnectionTimeout(20_000);
    if (url.startsWith("jdbc:sqlite:")) {
      config.setMaximumPoolSize(1);
      config.addDataSourceProperty("journal_mode", "WAL");
      // NORMAL would lose what was acknowledged when the power fails.
      config.addDataSourceProperty("synchronous", "FULL");
      config.addDataSourceProperty("foreign_keys", "true");
      config.addDataSourceProperty("busy_timeout", "3000");
    } else {
      config.setMaximumPoolSize(8);
      config.addDataSourceProperty("ApplicationName", "anabranch coordinator");
    }
    return config;
  }

  /** One coordinator a database; of SQLite the folder's lock sees to that. */
  private void takeAlone(String url) {
    if (url.startsWith("jdbc:sqlite:")) {
      return;
    }
    try {
      var connection = pool.getConnection();
      alone = connection;
      try (var asked = connection.prepareStatement("SELECT pg_try_advisory_lock(?)")) {
        asked.setLong(1, ADVISORY);
        try (var answer = asked.executeQuery()) {
          if (!answer.next() || !answer.getBoolean(1)) {
            throw AnabranchException.expected(
                Failure.IN_USE, "database", name, "not in use; another coordinator holds it");
          }
        }
      }
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void migrate(String url) {
    var vendor = url.startsWith("jdbc:sqlite:") ? "sqlite" : "postgresql";
    var flyway =
        Flyway.configure()
            .dataSource(pool)
            .locations(PLACE + "common", PLACE + vendor)
            .failOnMissingLocations(true)
            .loggers("slf4j")
            .load();
    var newer =
        List.of(flyway.info().all()).stream()
            .filter(migration -> migration.getState().name().startsWith("FUTURE"))
            .findFirst();
    if (newer.isPresent()) {
      throw AnabranchException.expected(
          Failure.NEWER,
          "database",
          name + ": its tables are of version " + newer.get().getVersion(),
          "at most "
              + Optional.ofNullable(flyway.info().current())
                  .map(migration -> newest(flyway))
                  .orElse("none")
              + ", which is what this program knows; use the newer program");
    }
    try {
      flyway.migrate();
    } catch (FlywayException e) {
      throw DatabaseErrors.translate(name, e);
    }
  }

  private static String newest(Flyway flyway) {
    var known =
        List.of(flyway.info().all()).stream()
            .filter(migration -> !migration.getState().name().startsWith("FUTURE"))
            .toList();
    return String.valueOf(known.getLast().getVersion());
  }

  private void identify() {
    id =
        jdbi.inTransaction(sql -> {
          var known = sql.createQuery("SELECT id FROM store").mapTo(String.class).findOne();
          if (known.isPresent()) {
            return known.get();
          }
          var fresh = UUID.randomUUID().toString();
          sql.createUpdate("INSERT INTO store (id, created_at) VALUES (:id, :at)")
              .bind("id", fresh)
              .bind("at", clock.millis())
              .execute();
          return fresh;
        });
  }

  private void compareWithWitness(boolean restored) {
    var seen = witness.read();
    if (seen.isPresent() && !agrees(seen.get())) {
      if (!restored) {
        throw old(seen.get());
      }
      accept(seen.get());
    } else {
      look(tables -> {
        tables.audit().verify();
        return true;
      });
    }
    testify();
  }

  private boolean agrees(Witness.State seen) {
    return seen.store().equals(id)
        && (seen.sequence() == 0
            || look(tables -> tables.audit().find(seen.sequence()))
                .filter(entry -> entry.hash().equals(seen.hash()))
                .isPresent());
  }

  private AnabranchException old(Witness.State seen) {
    long last = look(tables -> tables.audit().last()).map(Audit.Entry::sequence).orElse(0L);
    return AnabranchException.expected(
        Failure.RESTORED,
        "database",
        name + " ends at entry " + last + " of its audit log",
        "entry "
            + seen.sequence()
            + " as "
            + witness.file()
            + " saw it; it was restored from an old backup. Restore a newer one, or start with"
            + " --accept-restored: open enrolment tokens are voided, and devices that were revoked"
            + " stay so");
  }

  /** What must not come back with an old backup: tokens that were used, devices that were out. */
  private void accept(Witness.State seen) {
    change(tables -> {
      int voided = tables.enrolments().voidAll(clock.millis());
      seen.revoked().forEach(agent -> tables.agents().revoke(agent, clock.millis()));
      tables
          .audit()
          .append(
              clock.millis(),
              "coordinator",
              "restored",
              "database",
              "behind entry "
                  + seen.sequence()
                  + "; tokens voided: "
                  + voided
                  + "; revoked again: "
                  + String.join(", ", seen.revoked()));
      return true;
    });
  }

  /** Reads; may see what another thread is writing once that is done. */
  <T> T look(Function<Tables, T> reading) {
    try {
      return jdbi.withHandle(sql -> reading.apply(new Tables(sql)));
    } catch (RuntimeException e) {
      throw DatabaseErrors.translate(name, e);
    }
  }

  /** All or nothing, and on disk when it returns. One thread at a time. */
  <T> T change(Function<Tables, T> writing) {
    writer.lock();
    try {
      return jdbi.inTransaction(sql -> writing.apply(new Tables(sql)));
    } catch (RuntimeException e) {
      throw DatabaseErrors.translate(name, e);
    } finally {
      writer.unlock();
    }
  }

  /** A change that is written into the audit log, of which the witness is told. */
  <T> T audited(Function<Tables, T> writing) {
    writer.lock();
    try {
      T out = change(writing);
      testify();
      return out;
    } finally {
      writer.unlock();
    }
  }

  /** A change without a result. */
  void changes(Consumer<Tables> writing) {
    change(tables -> {
      writing.accept(tables);
      return true;
    });
  }

  private void testify() {
    writer.lock();
    try {
      witness.write(
          look(tables -> {
            var last = tables.audit().last();
            return new Witness.State(
                id,
                last.map(Audit.Entry::sequence).orElse(0L),
                last.map(Audit.Entry::hash).orElse(Audit.NOTHING),
                tables.agents().revoked(clock.millis()));
          }));
    } finally {
      writer.unlock();
    }
  }

  /** Whether the database answers. */
  boolean answers() {
    try {
      return look(tables -> tables.runs().counts()) != null;
    } catch (RuntimeException e) {
      return false;
    }
  }

  @Override
  public void close() {
    if (alone != null) {
      pool.evictConnection(alone);
      alone = null;
    }
    pool.close();
  }
}
