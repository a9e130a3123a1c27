package dev.anabranch.data.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * Reads the files of a gzip-compressed POSIX tar archive with names of at most 255 bytes, as npm
 * packs them.
 */
final class TarGz {
  private static final int BLOCK = 512;
  private static final int MAX_FILE = 1 << 26;

  private TarGz() {}

  /** Takes the files one after another. */
  interface Visitor {
    /** Whether the content of a file is wanted. */
    boolean wants(String name);

    void file(String name, byte[] content) throws IOException;
  }

  static void read(Path archive, Visitor visitor) throws IOException {
    try (var in = new GZIPInputStream(Files.newInputStream(archive), 1 << 16)) {
      byte[] header = new byte[BLOCK];
      while (true) {
        fill(in, header);
        if (header[0] == 0) {
          return;
        }
        check(header);
        long size = octal(header, 124, 12);
        if (size > MAX_FILE) {
          throw new IOException("archive: a file of " + size + " bytes (at most " + MAX_FILE + ")");
        }
        var name = name(header);
        boolean plain = header[156] == '0' || header[156] == 0;
        long padding = (BLOCK - size % BLOCK) % BLOCK;
        if (plain && visitor.wants(name)) {
          byte[] content = new byte[(int) size];
          fill(in, content);
          visitor.file(name, content);
          in.skipNBytes(padding);
        } else {
          in.skipNBytes(size + padding);
        }
      }
    }
  }

  private static void fill(InputStream in, byte[] into) throws IOException {
    if (in.readNBytes(into, 0, into.length) != into.length) {
      throw new EOFException("archive: ends early");
    }
  }

  /** The sum of the header's bytes, with blanks in place of the sum itself. */
  private static void check(byte[] header) throws IOException {
    long sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xFF;
    }
    if (sum != octal(header, 148, 8)) {
      throw new IOException("archive: a header with a wrong checksum");
    }
  }

  private static long octal(byte[] header, int from, int length) throws IOException {
    long value = 0;
    for (int i = from; i < from + length && header[i] != 0; i++) {
      if (header[i] == ' ') {
        continue;
      }
      if (header[i] < '0' || header[i] > '7') {
        throw new IOException("archive: a header with a broken number");
      }
      value = value * 8 + (header[i] - '0');
    }
    return value;
  }

  private static String name(byte[] header) {
    var prefix = text(header, 345, 155);
    var name = text(header, 0, 100);
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private static String text(byte[] header, int from, int length) {
    int end = from;
    while (end < from + length && header[end] != 0) {
      end++;
    }
    return new String(header, from, end - from, StandardCharsets.UTF_8);
  }
}
