package dev.anabranch.data.internal;

import dev.anabranch.data.Corpus;
import dev.anabranch.data.Example;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A corpus as it is cached: a magic number, the corpus with every text as length and UTF-8, and the
 * SHA-256 of all that stands before it. Whole numbers are big-endian, of four bytes.
 */
public final class CorpusFile {
  private static final int MAGIC = 0x414E4231;
  private static final int DIGEST = 32;
  private static final int ABSENT = -1;

  private CorpusFile() {}

  public static void write(Path file, Corpus corpus) throws IOException {
    var bytes = new ByteArrayOutputStream(1 << 20);
    var out = new DataOutputStream(bytes);
    out.writeInt(MAGIC);
    text(out, corpus.sha256());
    out.writeInt(corpus.classes().size());
    for (var name : corpus.classes()) {
      text(out, name);
    }
    out.writeInt(corpus.size());
    for (var e : corpus.examples()) {
      text(out, e.text());
      text(out, e.pair());
      out.writeInt(e.label());
      text(out, e.device());
    }
    out.write(Digests.sha256(bytes.toByteArray(), bytes.size()));
    Files.write(file, bytes.toByteArray());
  }

  private static void text(DataOutputStream out, @Nullable String text) throws IOException {
    if (text == null) {
      out.writeInt(ABSENT);
      return;
    }
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  /** Empty unless the file is whole and its digest is right. */
  public static Optional<Corpus> read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int body = bytes.length - DIGEST;
    if (body < 4 * Integer.BYTES || ByteBuffer.wrap(bytes).getInt() != MAGIC) {
      return Optional.empty();
    }
    if (!ByteBuffer.wrap(bytes, body, DIGEST)
        .equals(ByteBuffer.wrap(Digests.sha256(bytes, body)))) {
      return Optional.empty();
    }
    // The digest holds, so the lengths are those that were written.
    var in = new In(ByteBuffer.wrap(bytes, Integer.BYTES, body - Integer.BYTES));
    var sha256 = in.text();
    int classCount = in.bytes.getInt();
    List<String> classes = new ArrayList<>();
    for (int i = 0; i < classCount; i++) {
      classes.add(in.text());
    }
    int count = in.bytes.getInt();
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      examples.add(new Example(in.text(), in.optional(), in.bytes.getInt(), in.owner()));
    }
    return Optional.of(new Corpus(examples, classes, sha256));
  }

  /** Reads texts; equal names of owners become one object. */
  private static final class In {
    private final ByteBuffer bytes;
    private final LinkedHashMap<String, String> owners = new LinkedHashMap<>();

    In(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    String text() throws IOException {
      var text = optional();
      if (text == null) {
        throw new IOException("text: absent (expected: a text)");
      }
      return text;
    }

    @Nullable String optional() {
      int length = bytes.getInt();
      if (length == ABSENT) {
        return null;
      }
      var text = new String(bytes.array(), bytes.position(), length, StandardCharsets.UTF_8);
      bytes.position(bytes.position() + length);
      return text;
    }

    @Nullable String owner() {
      var name = optional();
      return name == null ? null : owners.computeIfAbsent(name, n -> n);
    }
  }
}
