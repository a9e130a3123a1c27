package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Who did what, in a table that only grows. Each entry carries the hash of the one before, so that
 * an entry that somebody changed behind the program's back breaks the chain.
 */
record Audit(Handle sql) {
  /** The hash that stands before the first entry. */
  static final String NOTHING = "0".repeat(64);

  /**
   * One entry.
   *
   * @param at milliseconds since 1970-01-01 UTC
   * @param actor {@code operator alice}, {@code device ward-1}, {@code coordinator}, or where a
   *     connection came from
   * @param subject what it was done to
   */
  record Entry(
      long sequence,
      long at,
      String actor,
      String action,
      String subject,
      String detail,
      String previous,
      String hash) {
    /** Fields are preceded by their lengths, so that no two entries are hashed alike. */
    static String hash(
        long sequence,
        long at,
        String actor,
        String action,
        String subject,
        String detail,
        String previous) {
      var all = new StringBuilder();
      for (var field :
          List.of(
              Long.toString(sequence),
              Long.toString(at),
              actor,
              action,
              subject,
              detail,
              previous)) {
        all.append(field.getBytes(StandardCharsets.UTF_8).length).append(':').append(field);
      }
      return Texts.sha256(all.toString());
    }

    boolean whole() {
      return hash.equals(hash(sequence, at, actor, action, subject, detail, previous));
    }

    private static Entry of(ResultSet row) throws SQLException {
      return new Entry(
          row.getLong("sequence"),
          row.getLong("at"),
          row.getString("actor"),
          row.getString("action"),
          row.getString("subject"),
          row.getString("detail"),
          row.getString("previous"),
          row.getString("hash"));
    }
  }

  /** Appends an entry. */
  Entry append(long at, String actor, String action, String subject, String detail) {
    var last = last();
    long sequence = last.map(Entry::sequence).orElse(0L) + 1;
    var previous = last.map(Entry::hash).orElse(NOTHING);
    var hash = Entry.hash(sequence, at, actor, action, subject, detail, previous);
    var entry = new Entry(sequence, at, actor, action, subject, detail, previous, hash);
    sql.createUpdate(
            "INSERT INTO audit (sequence, at, actor, action, subject, detail, previous, hash)"
                + " VALUES (:sequence, :at, :actor, :action, :subject, :detail, :previous, :hash)")
        .bind("sequence", sequence)
        .bind("at", at)
        .bind("actor", actor)
        .bind("action", action)
        .bind("subject", subject)
        .bind("detail", detail)
        .bind("previous", previous)
        .bind("hash", hash)
        .execute();
    return entry;
  }

  Optional<Entry> last() {
    return sql.createQuery("SELECT * FROM audit ORDER BY sequence DESC LIMIT 1")
        .map((row, context) -> Entry.of(row))
        .findOne();
  }

  Optional<Entry> find(long sequence) {
    return sql.createQuery("SELECT * FROM audit WHERE sequence = :sequence")
        .bind("sequence", sequence)
        .map((row, context) -> Entry.of(row))
        .findOne();
  }

  /** Entries from a sequence number on, oldest first. */
  List<Entry> from(long sequence, int limit) {
    return sql.createQuery(
            "SELECT * FROM audit WHERE sequence >= :sequence ORDER BY sequence LIMIT :limit")
        .bind("sequence", sequence)
        .bind("limit", limit)
        .map((row, context) -> Entry.of(row))
        .list();
  }

  /** Refuses a log in which an entry was changed, added or taken out. */
  void verify() {
    var previous = NOTHING;
    long sequence = 0;
    for (var page = from(1, 1000); !page.isEmpty(); page = from(sequence + 1, 1000)) {
      for (var entry : page) {
        sequence++;
        if (entry.sequence() != sequence || !entry.previous().equals(previous) || !entry.whole()) {
          throw AnabranchException.expected(
              Failure.CORRUPT,
              "audit",
              "entry " + sequence + " was changed or taken out",
              "a chain of hashes without a gap; keep the database for whoever has to find out, and"
                  + " restore a backup");
        }
        previous = entry.hash();
      }
    }
  }
}
