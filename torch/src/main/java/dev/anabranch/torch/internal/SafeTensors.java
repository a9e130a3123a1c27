package dev.anabranch.torch.internal;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A safetensors file, mapped: its tensors are views of the file, without a copy.
 *
 * <p>The header is checked as strictly as the reference implementation does: every tensor inside
 * the file, as long as its shape says, no gaps and no overlaps. Closing unmaps the file, so views
 * must not be used afterwards. Reading is thread-safe.
 */
public final class SafeTensors implements AutoCloseable {
  private static final long MAX_HEADER = 100_000_000;
  private static final Map<String, ScalarType> TYPES =
      Map.of(
          "F64", ScalarType.Double,
          "F32", ScalarType.Float,
          "F16", ScalarType.Half,
          "BF16", ScalarType.BFloat16,
          "I64", ScalarType.Long,
          "I32", ScalarType.Int,
          "I16", ScalarType.Short,
          "I8", ScalarType.Char,
          "U8", ScalarType.Byte,
          "BOOL", ScalarType.Bool);
  private static final Map<String, Integer> BYTES =
      Map.of(
          "F64", 8, "F32", 4, "F16", 2, "BF16", 2, "I64", 8, "I32", 4, "I16", 2, "I8", 1, "U8", 1,
          "BOOL", 1);

  private final String where;
  private final Arena arena;
  private final MemorySegment mapped;
  private final MemorySegment data;
  private final Map<String, SafeTensorsHeader.Entry> entries;
  private final Map<String, String> metadata;

  private SafeTensors(String where, Arena arena, MemorySegment file) {
    this.where = where;
    this.arena = arena;
    this.mapped = file;
    long length = headerLength(file);
    var text = new String(file.asSlice(8, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    var header = new SafeTensorsHeader(where, text);
    this.entries = header.parse();
    this.metadata = header.metadata();
    this.data = file.asSlice(8 + length);
    check();
  }

  /** Maps and checks a file. */
  public static SafeTensors open(Path path) throws IOException {
    var arena = Arena.ofShared();
    try (var channel = FileChannel.open(path, READ)) {
      var mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new SafeTensors(path.getFileName().toString(), arena, mapped);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Shape by name, in the order of the header. */
  public Map<String, long[]> shapes() {
    var shapes = new LinkedHashMap<String, long[]>();
    entries.forEach((name, entry) -> shapes.put(name, entry.shape().clone()));
    return shapes;
  }

  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** The element type of a tensor, such as {@code F32}. */
  String type(String name) {
    return Objects.requireNonNull(entries.get(name), name).type();
  }

  /** A read-only view of one tensor; writing to it crashes the process, so clone it first. */
  public Tensor view(String name) {
    LibTorch.boot();
    var entry = entries.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          where + ": '" + name + "' (expected: one of " + entries.keySet() + ")");
    }
    var bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
    return Tensors.view(bytes, Objects.requireNonNull(TYPES.get(entry.type())), entry.shape());
  }

  /** Views of all tensors, valid in the scope that is open now and while this file is open. */
  public Map<String, Tensor> views() {
    var views = new LinkedHashMap<String, Tensor>();
    entries.keySet().forEach(name -> views.put(name, view(name)));
    return views;
  }

  /** Lets go of the pages that were read; they are read again when they are needed. */
  void release() {
    if (arena.scope().isAlive()) {
      mapped.unload();
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /**
   * Writes tensors in the order of the map; the same values give the same bytes.
   *
   * @param metadata free text for {@code __metadata__}; {@code format: pt} is what Hugging Face
   *     expects
   */
  public static void write(Path path, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    var dense = new ArrayList<Tensor>();
    try (var channel = FileChannel.open(path, CREATE, WRITE, TRUNCATE_EXISTING)) {
      for (Tensor tensor : tensors.values()) {
        dense.add(tensor.contiguous());
      }
      byte[] header = header(tensors, metadata).getBytes(StandardCharsets.UTF_8);
      int padded = (header.length + 7) & ~7;
      var start = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
      start.putLong(padded).put(header);
      while (start.hasRemaining()) {
        start.put((byte) ' ');
      }
      writeAll(channel, start.flip());
      for (Tensor tensor : dense) {
        if (tensor.nbytes() > 0) {
          writeAll(channel, Tensors.memory(tensor));
        }
      }
    } finally {
      dense.forEach(Tensor::close);
    }
  }

  private static void writeAll(FileChannel channel, MemorySegment memory) throws IOException {
    long step = 1L << 30; // a ByteBuffer ends at 2 GiB
    for (long at = 0; at < memory.byteSize(); at += step) {
      writeAll(channel, memory.asSlice(at, Math.min(step, memory.byteSize() - at)).asByteBuffer());
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static String header(Map<String, Tensor> tensors, Map<String, String> metadata) {
    var json = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      json.append("\"__metadata__\":{");
      metadata.forEach((key, value) -> quote(quote(json, key).append(':'), value).append(','));
      json.setLength(json.length() - 1);
      json.append("},");
    }
    long at = 0;
    for (var entry : tensors.entrySet()) {
      Tensor tensor = entry.getValue();
      long end = at + tensor.numel() * tensor.element_size();
      quote(json, entry.getKey())
          .append(":{\"dtype\":\"")
          .append(typeOf(tensor))
          .append("\",\"shape\":[");
      for (long i = 0; i < tensor.dim(); i++) {
        json.append(i == 0 ? "" : ",").append(tensor.size(i));
      }
      json.append("],\"data_offsets\":[").append(at).append(',').append(end).append("]},");
      at = end;
    }
    if (json.length() > 1) {
      json.setLength(json.length() - 1);
    }
    return json.append('}').toString();
  }

  private static StringBuilder quote(StringBuilder json, String text) {
    json.append('"');
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"', '\\' -> json.append('\\').append(c);
        default -> {
          if (c < ' ') {
            json.append(String.format("\\u%04x", (int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    return json.append('"');
  }

  private static String typeOf(Tensor tensor) {
    var type = tensor.scalar_type().intern();
    return TYPES.entrySet().stream()
        .filter(entry -> entry.getValue() == type)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "type: " + type + " (expected: one of " + TYPES.keySet() + ")"));
  }

  private long headerLength(MemorySegment file) {
    if (file.byteSize() < 8) {
      throw broken("bytes", file.byteSize(), "at least 8");
    }
    long length = file.get(JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    long most = Math.min(MAX_HEADER, file.byteSize() - 8);
    if (length < 2 || length > most) {
      throw broken("header length", length, "2 to " + most);
    }
    return length;
  }

  private void check() {
    for (var named : entries.entrySet()) {
      var entry = named.getValue();
      Integer each = BYTES.get(entry.type());
      if (each == null) {
        throw broken("dtype of '" + named.getKey() + "'", entry.type(), "one of " + TYPES.keySet());
      }
      long bytes = each;
      for (long size : entry.shape()) {
        bytes = multiply(named.getKey(), bytes, size);
      }
      if (entry.end() - entry.begin() != bytes) {
        throw broken(
            "bytes of '" + named.getKey() + "'", entry.end() - entry.begin(), Long.toString(bytes));
      }
    }
    long at = 0;
    var order = new ArrayList<>(entries.entrySet());
    order.sort(
        Comparator.comparingLong(
                (Map.Entry<String, SafeTensorsHeader.Entry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    for (var named : order) {
      if (named.getValue().begin() != at) {
        throw broken(
            "start of '" + named.getKey() + "'", named.getValue().begin(), Long.toString(at));
      }
      at = named.getValue().end();
    }
    if (at != data.byteSize()) {
      throw broken("data bytes", data.byteSize(), Long.toString(at));
    }
  }

  private long multiply(String name, long bytes, long size) {
    try {
      return Math.multiplyExact(bytes, size);
    } catch (ArithmeticException e) {
      throw broken("shape of '" + name + "'", size, "less than 2^63 bytes in all");
    }
  }

  private IllegalArgumentException broken(String what, Object value, String expected) {
    return new IllegalArgumentException(
        where + ": " + what + ": " + value + " (expected: " + expected + ")");
  }
}
