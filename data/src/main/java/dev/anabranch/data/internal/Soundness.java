package dev.anabranch.data.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
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
      throw torn(file, e);
    }
  }

  /** What is thrown where a gzip file ends early or was damaged. */
  static AnabranchException torn(Path file, IOException e) {
    return new AnabranchException(
        Failure.CORRUPT,
        "data file: "
            + file
            + " (expected: a whole gzip file: "
            + e.getMessage()
            + "); fetch it again",
        e);
  }

  /** Throws if a text file is broken, with the line. */
  static void requireSound(Path file, DataFiles.Format format) throws IOException {
    if (format != DataFiles.Format.PARQUET) {
      requireUtf8(file);
    }
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = isGzip(file) ? new GZIPInputStream(raw) : raw) {
      var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      switch (format) {
        case JSON -> whole(file, reader);
        case LINES -> lines(file, reader);
        case CSV -> fields(file, reader, ',', '"');
        case TSV -> fields(file, reader, '\t', '\n');
        case PARQUET -> whole(file);
      }
    }
  }

  /** A Parquet file begins and ends with the same four letters, the end after its directory. */
  private static void whole(Path file) throws IOException {
    byte[] ends = new byte[8];
    long size = Files.size(file);
    if (size >= 12) {
      try (var channel = FileChannel.open(file)) {
        channel.read(ByteBuffer.wrap(ends, 0, 4), 0);
        channel.read(ByteBuffer.wrap(ends, 4, 4), size - 4);
      }
    }
    if (!new String(ends, StandardCharsets.US_ASCII).equals("PAR1PAR1")) {
      throw AnabranchException.expected(
          Failure.CORRUPT,
          "data file",
          file + " of " + size + " bytes",
          "a whole Parquet file, with PAR1 at both ends; fetch it again");
    }
  }

  /** Throws if a text has bytes that are not UTF-8, with the line. */
  static void requireUtf8(Path file) throws IOException {
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = new BufferedInputStream(isGzip(file) ? new GZIPInputStream(raw) : raw)) {
      var line = new ByteArrayOutputStream();
      int number = 1;
      for (int b = in.read(); ; b = in.read()) {
        if (b >= 0 && b != '\n') {
          line.write(b);
          continue;
        }
        try {
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line.toByteArray()));
        } catch (CharacterCodingException e) {
          throw new AnabranchException(
              Failure.DATA, file + " line " + number + ": not UTF-8 (expected: text in UTF-8)", e);
        }
        if (b < 0) {
          return;
        }
        line.reset();
        number++;
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
