package dev.anabranch.torch.files;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file, mapped.
 *
 * <p>The header is checked as strictly as the reference implementation does: every tensor inside
 * the file, as long as its shape says, no gaps and no overlaps, no name twice. Any number of
 * threads may read; closing unmaps the file, and twice is allowed.
 */
public final class SafeTensors implements AutoCloseable {
  static final long MAX_HEADER = 100_000_000;
  private static final EnumSet<Encoding> TYPES = EnumSet.range(Encoding.F64, Encoding.BOOL);

  private final Mapped file;
  private final MemorySegment data;
  private final Map<String, Stored> tensors = new LinkedHashMap<>();
  private final Map<String, MemorySegment> values;
  private final Map<String, String> metadata;

  /**
   * One tensor to be written.
   *
   * @param spec its name and shape
   * @param encoding plain numbers
   * @param values as many bytes as shape and encoding say, row-major and little-endian
   */
  public record Item(TensorSpec spec, Encoding encoding, MemorySegment values) {}

  SafeTensors(Mapped file) {
    this.file = file;
    long length = headerLength(file);
    var text =
        new String(file.bytes().asSlice(8, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
    var header = new SafeTensorsHeader(file, text);
    var entries = header.parse();
    this.metadata = header.metadata();
    this.data = file.bytes().asSlice(8 + length);
    entries.forEach((name, entry) -> tensors.put(name, stored(name, entry)));
    this.values = values(entries);
  }

  /**
   * Maps and checks a file.
   *
   * @throws AnabranchException CORRUPT if it is not a whole file of this format, MODEL if it is
   *     missing or holds a type that is not supported, STORAGE if it cannot be read
   */
  public static SafeTensors open(Path path) {
    return Mapped.open(path, SafeTensors::new);
  }

  /** Reads a whole file of floats into memory, in the order of the file. */
  public static TensorMap read(Path path) {
    try (var file = open(path)) {
      var out = TensorMap.room(file.tensors.values().stream().map(Stored::spec).toList());
      file.tensors.keySet().forEach(name -> file.fp32(name, out.get(name).data()));
      return out;
    }
  }

  /**
   * Writes a file of 32-bit floats; durable when it returns, and an older one stays until then. The
   * same values give the same bytes.
   *
   * @param metadata free text for {@code __metadata__}; {@code format: pt} is what Hugging Face
   *     expects
   */
  public static void write(Path path, TensorMap tensors, Map<String, String> metadata) {
    write(
        path,
        tensors.specs().stream()
            .map(spec -> new Item(spec, Encoding.F32, tensors.get(spec.name()).data()))
            .toList(),
        metadata);
  }

  /** As the other, for tensors of any plain type, in the order of the list. */
  public static void write(Path path, List<Item> items, Map<String, String> metadata) {
    SafeTensorsWriter.write(path, items, metadata);
  }

  /** The file's name. */
  public String name() {
    return file.where();
  }

  /** The tensors by name, in the order of the header. */
  public Map<String, Stored> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** The free text of {@code __metadata__}. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** One tensor as it lies in the file, read-only and valid while this file is open. */
  public MemorySegment bytes(String tensor) {
    var bytes = values.get(tensor);
    if (bytes == null) {
      throw missing(tensor);
    }
    return bytes;
  }

  /** See {@link Pretrained#fp32}. */
  public void fp32(String tensor, MemorySegment into) {
    read(tensor, into, Values.As.FP32);
  }

  /** See {@link Pretrained#bf16}. */
  public void bf16(String tensor, MemorySegment into) {
    read(tensor, into, Values.As.BF16);
  }

  void read(String tensor, MemorySegment into, Values.As as) {
    Values.read(bytes(tensor), stored(tensor).encoding(), into, as);
  }

  /** A copy of one tensor as 32-bit floats. */
  public Tensor value(String tensor) {
    var out = Tensor.room(stored(tensor).shape());
    fp32(tensor, out.data());
    return out;
  }

  private Stored stored(String tensor) {
    var stored = tensors.get(tensor);
    if (stored == null) {
      throw missing(tensor);
    }
    return stored;
  }

  private AnabranchException missing(String tensor) {
    return file.unsupported("tensor '" + tensor + "'", "missing", "one of the file's tensors");
  }

  /** Lets go of the pages that were read; they are read again when they are needed. */
  public void release() {
    file.release();
  }

  @Override
  public void close() {
    file.close();
  }

  private static long headerLength(Mapped file) {
    long size = file.bytes().byteSize();
    if (size < 8) {
      throw file.broken("bytes", size, "at least 8");
    }
    long length = file.bytes().get(Values.LONG, 0);
    long most = Math.min(MAX_HEADER, size - 8);
    if (length < 2 || length > most) {
      throw file.broken("header length", length, "2 to " + most);
    }
    return length;
  }

  private Stored stored(String name, SafeTensorsHeader.Entry entry) {
    var encoding =
        TYPES.stream()
            .filter(type -> type.name().equals(entry.type()))
            .findFirst()
            .orElseThrow(() ->
                file.unsupported(
                    "dtype of '" + name + "'", entry.type(), "one of " + Encoding.names(TYPES)));
    long bytes = encoding.blockBytes();
    for (long size : entry.shape()) {
      if (size > 0 && bytes > Long.MAX_VALUE / size) {
        throw file.broken("shape of '" + name + "'", size, "less than 2^63 bytes in all");
      }
      bytes *= size;
    }
    if (entry.end() - entry.begin() != bytes) {
      throw file.broken("bytes of '" + name + "'", entry.end() - entry.begin(), bytes + "");
    }
    return new Stored(TensorSpec.of(name, entry.shape()), encoding);
  }

  private Map<String, MemorySegment> values(Map<String, SafeTensorsHeader.Entry> entries) {
    var order = new ArrayList<>(entries.entrySet());
    order.sort(
        Comparator.comparingLong(
                (Map.Entry<String, SafeTensorsHeader.Entry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    var out = new HashMap<String, MemorySegment>();
    long at = 0;
    for (var named : order) {
      long begin = named.getValue().begin();
      long end = named.getValue().end();
      if (begin != at) {
        throw file.broken("start of '" + named.getKey() + "'", begin, at + "");
      }
      if (end > data.byteSize()) {
        throw file.broken("end of '" + named.getKey() + "'", end, "at most " + data.byteSize());
      }
      out.put(named.getKey(), data.asSlice(begin, end - begin));
      at = end;
    }
    if (at != data.byteSize()) {
      throw file.broken("data bytes", data.byteSize(), at + ", as the header says");
    }
    return out;
  }
}
