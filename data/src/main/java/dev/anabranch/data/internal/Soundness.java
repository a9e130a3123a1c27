package dev.anabranch.data.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Finds where a data file is broken. */
final class Soundness {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Soundness() {}

  private static boolean isGzip(Path file) {
    return file.toString().endsWith(".gz");
  }

  /** Throws if a file that ends in {@code .gz} is truncated or its checksum is wrong. */
  static void requireWholeGzip(Path file) throws IOException {
    if (!isGzip(file)) {
      return;
    }
    try (var in = new GZIPInputStream(Files.newInputStream(file), 1 << 16)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (EOFException | ZipException e) {
      throw new AnabranchException(
          Failure.CORRUPT,
          "data file: "
              + file
              + " (expected: a whole gzip file: "
              + e.getMessage()
              + "); fetch it again",
          e);
    }
  }

  /** Throws if a text file is broken, with the line. */
  static void requireSound(Path file, DataFiles.Format format) throws IOException {
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = isGzip(file) ? new GZIPInputStream(raw) : raw) {
      var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      switch (format) {
        case JSON -> whole(file, reader);
        case LINES -> lines(file, reader);
        case CSV -> fields(file, reader, ',', '"');
        case TSV -> fields(file, reader, '\t', '\n');
        case PARQUET -> {}
      }
    }
  }

  /** Every record must have as many fields as the first one; quoted fields may hold line ends. */
  private static void fields(Path file, BufferedReader reader, char delimiter, char quote)
      throws IOException {
    int expected = 0;
    int fields = 1;
    int first = 1;
    int number = 0;
    boolean quoted = false;
    for (var line = reader.readLine(); line != null; line = reader.readLine()) {
      number++;
      for (int i = 0; i < line.length(); i++) {
        char c = line.charAt(i);
        if (c == quote) {
          quoted = !quoted;
        } else if (c == delimiter && !quoted) {
          fields++;
        }
      }
      if (!quoted) {
        expected = expected == 0 ? fields : expected;
        if (fields != expected && !line.isEmpty()) {
          throw AnabranchException.expected(
              Failure.DATA,
              file + " line " + first,
              fields + " fields",
              expected + ", as in the first line");
        }
        fields = 1;
        first = number + 1;
      }
    }
    if (quoted) {
      throw AnabranchException.expected(
          Failure.DATA, file + " line " + first, "a quote without its end", "a closing quote");
    }
  }

  private static void whole(Path file, BufferedReader reader) throws IOException {
    try (var values = JSON.readerFor(Object.class).readValues(reader)) {
      while (values.hasNextValue()) {
        values.nextValue();
      }
    } catch (JsonProcessingException e) {
      var location = e.getLocation();
      throw broken(file, location == null ? 1 : location.getLineNr(), e);
    }
  }

  private static void lines(Path file, BufferedReader reader) throws IOException {
    int number = 0;
    for (var line = reader.readLine(); line != null; line = reader.readLine()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        if (!JSON.readTree(line).isObject()) {
          throw AnabranchException.expected(
              Failure.DATA, file + " line " + number, shortened(line), "a JSON object");
        }
      } catch (JsonProcessingException e) {
        throw broken(file, number, e);
      }
    }
  }

  private static String shortened(String line) {
    return line.length() <= 40 ? line : line.substring(0, 40) + "…";
  }

  private static AnabranchException broken(Path file, int line, JsonProcessingException e) {
    return new AnabranchException(
        Failure.DATA,
        file
            + " line "
            + line
            + ": broken (expected: JSON: "
            + e.getOriginalMessage().replaceAll(" \\(for \\w+ starting at .*", "")
            + ")",
        e);
  }
}
