package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Settings;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Corpus;
import dev.anabranch.data.Example;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.duckdb.DuckDBDriver;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSourceIT {
  @TempDir Path folder = Path.of("");
  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = folder.resolve("none.csv");
  }

  private void write(String name, String content) throws IOException {
    file = folder.resolve(name);
    if (name.endsWith(".gz")) {
      Files.write(file, gzip(content));
    } else {
      Files.writeString(file, content);
    }
  }

  private static byte[] gzip(String content) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      out.write(content.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  /** Loads {@link #file} with settings given as key, value, key, value. */
  private Corpus load(String... settings) {
    Map<String, Object> given = new HashMap<>(Map.of("path", file.toString()));
    for (int i = 0; i < settings.length; i += 2) {
      given.put(settings[i], settings[i + 1]);
    }
    var kind = new FileSource.Provider().kind();
    return (Corpus)
        kind.make()
            .apply(Settings.read("data.source.file", kind.knobs(), given))
            .load(new Cache(folder));
  }

  private void assertRefused(Failure failure, String message, String... settings) {
    assertThatThrownBy(() -> load(settings))
        .asInstanceOf(InstanceOfAssertFactories.type(AnabranchException.class))
        .satisfies(e -> assertThat(e.failure()).isEqualTo(failure))
        .extracting(Throwable::getMessage)
        .isEqualTo(message);
  }

  @Test
  void csv_hasQuotesAndLineEndsInFields() throws IOException {
    write("a.csv", "id,text,label,who\r\n1,\"a, \"\"b\"\"\",good,ann\r\n2,\"two\nlines\",bad,\r\n");
    var corpus = load("device", "who");
    assertThat(corpus.classes()).containsExactly("bad", "good");
    assertThat(corpus.examples())
        .containsExactly(
            new Example("a, \"b\"", null, 1, "ann"), new Example("two\nlines", null, 0, null));
    assertThat(corpus.sha256()).hasSize(64);
  }

  @Test
  void tsv_hasNoQuotes() throws IOException {
    write("a.tsv.gz", "sentence\tlabel\nan \"open quote\t1\n5\" disk\t0\n");
    assertThat(load("text", "sentence").examples())
        .containsExactly(
            new Example("an \"open quote", null, 1, null), new Example("5\" disk", null, 0, null));
  }

  @Test
  void jsonLines_keepTextsAsTheyAre() throws IOException {
    write(
        "a.jsonl.gz",
        """
        {"label":10,"text":"2020-01-01T10:00:00Z","b":"é\\n"}

        {"text":"12:30:00","label":9,"b":"\\u0041","more":{"x":[1]}}
        """);
    var corpus = load("pair", "b");
    assertThat(corpus.classes()).containsExactly("9", "10");
    assertThat(corpus.examples())
        .containsExactly(
            new Example("2020-01-01T10:00:00Z", "é\n", 1, null),
            new Example("12:30:00", "A", 0, null));
  }

  @Test
  void json_mayBeAnArray() throws IOException {
    write("a.json", "[{\"text\":\"a\",\"label\":true},\n{\"text\":\"b\",\"label\":false}]");
    assertThat(load().classes()).containsExactly("false", "true");
  }

  @Test
  void parquet_isReadAndItsDamageNoticed() throws IOException, SQLException {
    file = folder.resolve("a.parquet");
    try (var connection = new DuckDBDriver().connect("jdbc:duckdb:", new Properties());
        var statement = connection.createStatement()) {
      statement.execute(
          "COPY (SELECT * FROM (VALUES ('a', 3), ('b', 20)) AS t(text, label)) TO '"
              + file
              + "' (FORMAT parquet)");
    }
    assertThat(load().examples())
        .containsExactly(new Example("a", null, 0, null), new Example("b", null, 1, null));
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 20));
    assertRefused(
        Failure.CORRUPT,
        "data file: "
            + file
            + " of "
            + (whole.length - 20)
            + " bytes (expected: a whole Parquet file, with PAR1 at both ends; fetch it again)");
    Arrays.fill(whole, whole.length - 8, whole.length - 4, (byte) 0x7f); // length of the directory
    Files.write(file, whole);
    assertThatThrownBy(this::load)
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith("data.source.file.path: " + file + " (expected: sound PARQUET: ");
  }

  @Test
  void folderAndPattern_areReadInOrderOfNames() throws IOException {
    write("2.csv", "label,text\nb,second\n");
    write("1.csv", "text,label\nfirst,a\n");
    write("notes.txt", "no data");
    for (var path : List.of(folder, folder.resolve("*.csv"))) {
      file = path;
      assertThat(load().examples())
          .containsExactly(
              new Example("first", null, 0, null), new Example("second", null, 1, null));
    }
  }

  @Test
  void name_isTakenAsItIs() throws IOException {
    write("it's [1]?.csv", "text,label\na,1\nb,2\n");
    assertThat(load().size()).isEqualTo(2);
  }

  @Test
  void sql_givesTheColumns() throws IOException {
    write("a.jsonl", "{\"t\":\"a\",\"n\":1}\n{\"t\":\"b\",\"n\":2}\n{\"t\":\"c\",\"n\":3}\n");
    var sql = "SELECT upper(t) AS text, n % 2 AS label FROM data WHERE n > 1;";
    assertThat(load("sql", sql).examples())
        .containsExactly(new Example("B", null, 0, null), new Example("C", null, 1, null));
    assertRefused(
        Failure.DATA,
        "data.source.file.label: label (expected: a column of the query: text)",
        "sql",
        "SELECT t AS text FROM data");
    assertRefused(
        Failure.PLAN,
        "data.source.file.sql: SELECT (expected: a query over the view data: Parser Error: SELECT"
            + " clause without selection list)",
        "sql",
        "SELECT");
  }

  @Test
  void column_missingNamesThoseThatExist() throws IOException {
    write("a.csv", "id,body,label\n1,x,a\n");
    assertRefused(
        Failure.DATA, "data.source.file.text: text (expected: a column of a.csv: id, body, label)");
  }

  @Test
  void jsonLine_brokenNamesItsNumber() throws IOException {
    for (var name : List.of("a.jsonl", "a.jsonl.gz")) {
      write(name, "{\"text\":\"a\",\"label\":1}\n\n{\"text\":\"b\",\"label\"\n");
      assertRefused(
          Failure.DATA,
          file
              + " line 3: broken (expected: JSON: Unexpected end-of-input within/between Object"
              + " entries)");
    }
    write("a.json", "[{\"text\":\"a\",\"label\":1},\n{\"text\":\"b\",\"label\":2]");
    assertRefused(
        Failure.DATA,
        file + " line 2: broken (expected: JSON: Unexpected close marker ']': expected '}')");
  }

  @Test
  void csvLine_brokenNamesItsNumber() throws IOException {
    write("a.csv", "text,label\n\"a\nb\",1\nc,2,3\n");
    assertRefused(Failure.DATA, file + " line 4: 3 fields (expected: 2, as in the first line)");
    write("c.csv", "text,label\na,1\nb,2\n");
    byte[] bytes = Files.readAllBytes(file);
    bytes[15] = (byte) 0xff;
    Files.write(file, bytes);
    assertRefused(Failure.DATA, file + " line 3: not UTF-8 (expected: text in UTF-8)");
    write("b.csv", "text,label\n\"a,1\nb,2\n");
    assertRefused(
        Failure.DATA, file + " line 2: a quote without its end (expected: a closing quote)");
  }

  @Test
  void value_missingNamesItsRow() throws IOException {
    write("a.csv", "text,label\na,1\n,2\n");
    assertRefused(
        Failure.DATA,
        "text of row 2: empty (expected: a value in every row; leave such rows out with sql: SELECT"
            + " * FROM data WHERE text IS NOT NULL)");
    write("a.jsonl", "{\"text\":\"a\",\"label\":null}\n");
    assertRefused(
        Failure.DATA,
        "label of row 1: empty (expected: a value in every row; leave such rows out with sql:"
            + " SELECT * FROM data WHERE label IS NOT NULL)");
  }

  @Test
  void file_truncatedOrTamperedIsRefused() throws IOException {
    file = folder.resolve("a.jsonl.gz");
    byte[] whole = gzip("{\"text\":\"a\",\"label\":1}\n".repeat(50));
    Files.write(file, Arrays.copyOf(whole, whole.length - 9));
    assertRefused(
        Failure.CORRUPT,
        "data file: "
            + file
            + " (expected: a whole gzip file: Unexpected end of ZLIB input stream); fetch it"
            + " again");
    write("a.csv", "text,label\na,1\nb,2\n");
    var sha256 = load().sha256();
    assertThat(load("sha256", sha256).size()).isEqualTo(2);
    write("a.csv", "text,label\na,1\nc,2\n");
    assertRefused(
        Failure.CORRUPT,
        "SHA-256 of "
            + file
            + ": "
            + load().sha256()
            + " (expected: "
            + sha256
            + ", by data.source.file.sha256; the file is truncated or was changed)",
        "sha256",
        sha256);
  }

  @Test
  void contentOrPath_thatCannotServeIsRefused() throws IOException {
    assertRefused(
        Failure.DATA,
        "data.source.file.path: "
            + file
            + " (expected: a file that exists, of one of .csv, .tsv, .jsonl, .ndjson, .json,"
            + " .parquet, also with .gz)");
    write("a.csv", "");
    assertRefused(Failure.DATA, file + ": 0 bytes (expected: at least one example)");
    write("a.csv", "text,label\n");
    assertRefused(Failure.DATA, file + ": 0 rows (expected: at least one example)");
    write("a.csv", "text,label\na,x\nb,x\n");
    assertRefused(
        Failure.DATA,
        "labels of " + file + ": all 'x' (expected: at least two different ones in column label)");
    write("a.tsv", "text\tlabel\n");
    file = folder;
    assertRefused(
        Failure.DATA,
        "data.source.file.path: " + folder + " (expected: files of one format, not CSV and TSV)");
  }
}
