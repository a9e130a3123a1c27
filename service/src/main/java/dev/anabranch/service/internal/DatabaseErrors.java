package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** What a database refuses, in words that an operator can act on. */
final class DatabaseErrors {
  private DatabaseErrors() {}

  /**
   * The error as it is told.
   *
   * @param database how it is called: without what is secret in its URL
   */
  static RuntimeException translate(String database, RuntimeException e) {
    var cause = sql(e);
    if (cause == null) {
      return e;
    }
    return new AnabranchException(failure(cause), "database: " + database + text(cause), e);
  }

  private static @Nullable SQLException sql(@Nullable Throwable e) {
    for (var cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof AnabranchException) {
        return null;
      }
      if (cause instanceof SQLException sql) {
        return sql;
      }
    }
    return null;
  }

  /** SQLite gives numbers, PostgreSQL states; both are stable. */
  private enum Kind {
    LOCKED,
    READ_ONLY,
    FULL,
    DAMAGED,
    NO_SUCH,
    AUDIT,
    OTHER;

    static Kind of(SQLException e) {
      var message = String.valueOf(e.getMessage());
      if (message.contains("audit: entries are never")) {
        return AUDIT;
      }
      var state = e.getSQLState();
      if (e.getClass().getName().startsWith("org.sqlite")) {
        return switch (e.getErrorCode() & 0xFF) {
          case 5, 6 -> LOCKED;
          case 8 -> READ_ONLY;
          case 13 -> FULL;
          case 11, 26 -> DAMAGED;
          case 14 -> NO_SUCH;
          default -> OTHER;
        };
      }
      if (state == null) {
        return OTHER;
      }
      return switch (state) {
        case "55P03", "57014" -> LOCKED;
        case "25006", "42501" -> READ_ONLY;
        case "53100" -> FULL;
        case "XX001", "XX002" -> DAMAGED;
        default ->
            state.startsWith("08")
                    || state.startsWith("28")
                    || state.equals("3D000")
                    || state.startsWith("57P")
                ? NO_SUCH
                : OTHER;
      };
    }
  }

  private static Failure failure(SQLException e) {
    return switch (Kind.of(e)) {
      case LOCKED -> Failure.IN_USE;
      case DAMAGED -> Failure.CORRUPT;
      default -> Failure.STORAGE;
    };
  }

  private static String text(SQLException e) {
    return switch (Kind.of(e)) {
      case LOCKED ->
          ": locked by another process (expected: this coordinator alone; end what has it open)";
      case READ_ONLY ->
          ": read-only (expected: the right to write in it, and in its folder where it is a file)";
      case FULL -> ": full (expected: room for it to grow; make room, then start again)";
      case DAMAGED ->
          ": damaged (expected: a whole database; keep it for whoever has to find out, and restore"
              + " a backup)";
      case NO_SUCH ->
          ": cannot be opened: "
              + oneLine(e)
              + " (expected: a database that is there and lets this user in)";
      case AUDIT -> ": " + oneLine(e) + " (expected: entries that are appended alone)";
      case OTHER -> ": " + oneLine(e) + " (expected: a database that works)";
    };
  }

  private static String oneLine(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
