package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Corpus;
import dev.anabranch.data.Example;
import dev.anabranch.data.Source;
import dev.anabranch.data.SourceProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Examples in files of the user's own: CSV, TSV, JSON Lines, JSON, gzip of these, and Parquet.
 *
 * <p>Labels may be texts or numbers: their names are sorted, numbers by value, and a label is the
 * position of its name.
 *
 * @param at where the settings stand in the plan
 * @param path a file, a folder of files of one format, or a pattern with {@code *}
 * @param text column of the text, or of the first text of a pair
 * @param label column of the label; empty: all examples have the one label {@code text}
 * @param pair column of the second text; empty: no pairs
 * @param device column of the owner; empty: not known
 * @param sql a query over the view {@code data}, whose columns are used in place of the files';
 *     empty: none
 * @param sha256 what the files must have, see {@link Corpus#sha256()}; empty: anything
 */
public record FileSource(
    String at,
    String path,
    String text,
    String label,
    String pair,
    String device,
    String sql,
    String sha256)
    implements Source {
  private static final String NO_LABEL = "text";
  private static final Knob.Text PATH =
      new Knob.Text("path", "", "A file, a folder of files of one format, or a pattern with *.");
  private static final Knob.Text TEXT = new Knob.Text("text", "text", "Column of the text.");
  private static final Knob.Text LABEL =
      new Knob.Text("label", "label", "Column of the label; empty for tasks that have none.");
  private static final Knob.Text PAIR =
      new Knob.Text(
          "pair",
          "",
          "Column of the second text, for tasks about pairs; of the response to a prompt.");
  private static final Knob.Text DEVICE =
      new Knob.Text("device", "", "Column that names the owner, for the natural partition.");
  private static final Knob.Text SQL =
      new Knob.Text("sql", "", "A query over the view data that gives the columns.");
  private static final Knob.Text SHA256 =
      new Knob.Text("sha256", "", "Refuse files whose SHA-256 is another one.");

  /** Found by the list of sources. */
  public static final class Provider implements SourceProvider {
    @Override
    public Kind<Source> kind() {
      return Kind.of(
          "file",
          "CSV, TSV, JSON Lines, JSON (each also as .gz) or Parquet files, with SQL if wanted.",
          List.of(PATH, TEXT, LABEL, PAIR, DEVICE, SQL, SHA256),
          s ->
              new FileSource(
                  s.path(),
                  s.text(PATH),
                  s.text(TEXT),
                  s.text(LABEL),
                  s.text(PAIR),
                  s.text(DEVICE),
                  s.text(SQL),
                  s.text(SHA256)));
    }
  }

  @Override
  public Corpus load(Cache cache) {
    var files = DataFiles.find(at + ".path", path);
    try {
      var found = Digests.sha256(files.paths());
      if (!sha256.isEmpty() && !sha256.equalsIgnoreCase(found)) {
        throw AnabranchException.expected(
            Failure.CORRUPT,
            "SHA-256 of " + path,
            found,
            sha256 + ", by " + at + ".sha256; the file is truncated or was changed");
      }
      Map<String, String> columns = new LinkedHashMap<>();
      columns.put("text", text);
      columns.put("label", label);
      columns.put("pair", pair);
      columns.put("device", device);
      columns.values().removeIf(String::isEmpty);
      var rows = new Rows(columns);
      new Table(at, files, sql).read(columns, rows);
      return rows.corpus(path, found);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.DATA, at + ".path: " + path + " (expected: a readable file: " + e + ")", e);
    }
  }

  @Override
  public boolean pairs() {
    return !pair.isEmpty();
  }

  private record Row(String text, @Nullable String pair, String label, @Nullable String device) {}

  /** Takes rows as they come. */
  private static final class Rows implements Table.Visitor {
    private final Map<String, String> columns;
    private final List<Row> rows = new ArrayList<>();

    Rows(Map<String, String> columns) {
      this.columns = columns;
    }

    @Override
    public void row(Map<String, @Nullable String> values) {
      rows.add(
          new Row(
              required("text", values),
              columns.containsKey("pair") ? required("pair", values) : null,
              columns.containsKey("label") ? required("label", values) : NO_LABEL,
              values.get("device")));
    }

    private String required(String role, Map<String, @Nullable String> values) {
      var value = values.get(role);
      if (value == null) {
        throw AnabranchException.expected(
            Failure.DATA,
            columns.get(role) + " of row " + (rows.size() + 1),
            "empty",
            "a value in every row; leave such rows out with sql: SELECT * FROM data WHERE "
                + columns.get(role)
                + " IS NOT NULL");
      }
      return value;
    }

    Corpus corpus(String path, String sha256) {
      if (rows.isEmpty()) {
        throw AnabranchException.expected(Failure.DATA, path, "0 rows", "at least one example");
      }
      var names = new TreeSet<String>(Corpus.BY_NAME);
      rows.forEach(r -> names.add(r.label()));
      if (names.size() < 2 && columns.containsKey("label")) {
        throw AnabranchException.expected(
            Failure.DATA,
            "labels of " + path,
            "all '" + names.first() + "'",
            "at least two different ones in column " + columns.get("label"));
      }
      var classes = List.copyOf(names);
      Map<String, Integer> index = new HashMap<>();
      classes.forEach(name -> index.put(name, index.size()));
      var examples =
          rows.stream()
              .map(r ->
                  new Example(r.text(), r.pair(), index.getOrDefault(r.label(), -1), r.device()))
              .toList();
      return new Corpus(examples, classes, sha256);
    }
  }
}
