package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.duckdb.DuckDBDriver;
import org.jspecify.annotations.Nullable;

/**
 * Rows of data files, read by DuckDB in this process. Everything that is needed lies in its jar:
 * extensions are not fetched.
 */
final class Table {
  private final String at;
  private final DataFiles files;
  private final String sql;

  /**
   * A table.
   *
   * @param at where the settings stand in the plan
   * @param sql a query over the view {@code data}, or empty
   */
  Table(String at, DataFiles files, String sql) {
    this.at = at;
    this.files = files;
    this.sql = sql.strip().replaceAll(";$", "");
  }

  /** Takes the rows, in order. */
  interface Visitor {
    void row(Map<String, @Nullable String> values);
  }

  /**
   * Reads all rows.
   *
   * @param columns column names by what they are used for
   */
  void read(Map<String, String> columns, Visitor visitor) throws IOException {
    for (var file : files.paths()) {
      Soundness.requireWholeGzip(file);
      if (Files.size(file) == 0) {
        throw AnabranchException.expected(
            Failure.DATA, file.toString(), "0 bytes", "at least one example");
      }
    }
    try (var connection = open()) {
      try {
        visit(connection, columns, visitor);
      } catch (SQLException e) {
        throw broken(e);
      }
    } catch (SQLException e) {
      throw new AnabranchException(Failure.ENVIRONMENT, "DuckDB: " + firstLine(e), e);
    }
  }

  private static Connection open() throws SQLException {
    var settings = new Properties();
    settings.put("autoinstall_known_extensions", "false");
    settings.put("autoload_known_extensions", "false");
    settings.put("threads", "1");
    return new DuckDBDriver().connect("jdbc:duckdb:", settings);
  }

  private void visit(Connection connection, Map<String, String> columns, Visitor visitor)
      throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute("CREATE VIEW data AS SELECT * FROM " + reader());
      var from = sql.isEmpty() ? "data" : "(" + sql + ")";
      Map<String, String> types;
      try (var none = statement.executeQuery("SELECT * FROM " + from + " LIMIT 0")) {
        types = types(none);
      } catch (SQLException e) {
        if (sql.isEmpty()) {
          throw e;
        }
        throw badQuery(e);
      }
      List<String> roles = new ArrayList<>();
      List<String> values = new ArrayList<>();
      columns.forEach((role, column) -> {
        roles.add(role);
        values.add(asText(role, column, types));
      });
      try (var rows =
          statement.executeQuery("SELECT " + String.join(", ", values) + " FROM " + from)) {
        while (rows.next()) {
          Map<String, @Nullable String> row = new HashMap<>();
          for (int i = 0; i < roles.size(); i++) {
            row.put(roles.get(i), rows.getString(i + 1));
          }
          visitor.row(row);
        }
      }
    }
  }

  private String reader() {
    var paths =
        files.paths().stream()
            .map(p -> "'" + literal(p.toString()).replace("'", "''") + "'")
            .collect(Collectors.joining(", ", "[", "]"));
    return switch (files.format()) {
      case CSV ->
          "read_csv("
              + paths
              + ", header = true, skip = 0, all_varchar = true, union_by_name = true,"
              + " delim = ',', quote = '\"', escape = '\"')";
      case TSV ->
          "read_csv("
              + paths
              + ", header = true, skip = 0, all_varchar = true, union_by_name = true,"
              + " delim = '\t', quote = '', escape = '')";
      case LINES -> "read_json(" + paths + ", format = 'newline_delimited'," + jsonTypes() + ")";
      case JSON -> "read_json(" + paths + "," + jsonTypes() + ")";
      case PARQUET -> "read_parquet(" + paths + ", union_by_name = true)";
    };
  }

  /** DuckDB takes a path for a pattern; this one matches only the path itself. */
  private static String literal(String path) {
    return path.replaceAll("[*?\\[]", "[$0]");
  }

  /**
   * Without a query values stay as they are written. A query wants numbers as numbers, but a text
   * that looks like a date must stay what it is, hence formats that nothing has.
   */
  private String jsonTypes() {
    return " union_by_name = true, sample_size = -1, "
        + (sql.isEmpty() ? "maximum_depth = 1" : "dateformat = 'never', timestampformat = 'never'");
  }

  private static Map<String, String> types(ResultSet result) throws SQLException {
    var meta = result.getMetaData();
    Map<String, String> types = new LinkedHashMap<>();
    for (int i = 1; i <= meta.getColumnCount(); i++) {
      types.put(meta.getColumnName(i), meta.getColumnTypeName(i));
    }
    return types;
  }

  private String asText(String role, String column, Map<String, String> types) {
    var type = types.get(column);
    if (type == null) {
      throw AnabranchException.expected(
          Failure.DATA,
          at + "." + role,
          column,
          "a column of "
              + (sql.isEmpty() ? files.paths().getFirst().getFileName() : "the query")
              + ": "
              + String.join(", ", types.keySet()));
    }
    var quoted = "\"" + column.replace("\"", "\"\"") + "\"";
    return type.equals("JSON") ? quoted + " ->> '$'" : "CAST(" + quoted + " AS VARCHAR)";
  }

  private AnabranchException badQuery(SQLException e) {
    return new AnabranchException(
        Failure.PLAN,
        at + ".sql: " + sql + " (expected: a query over the view data: " + firstLine(e) + ")",
        e);
  }

  private AnabranchException broken(SQLException e) throws IOException {
    for (var file : files.paths()) {
      Soundness.requireSound(file, files.format());
    }
    return new AnabranchException(
        Failure.DATA,
        at
            + ".path: "
            + files.paths().stream().map(String::valueOf).collect(Collectors.joining(", "))
            + " (expected: sound "
            + files.format()
            + ": "
            + firstLine(e)
            + ")",
        e);
  }

  private static String firstLine(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("no message");
  }
}
