package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file of version 2 or 3, mapped: its metadata and its tensors, under the names of the file.
 *
 * <p>Nothing in it is trusted: each count and length is compared with the bytes that are left
 * before it is used, tensors may neither overlap nor leave gaps. Any number of threads may read;
 * closing unmaps the file.
 */
public final class Gguf implements AutoCloseable {
  /** Types by their number in the file; those that are not here are refused by name. */
  private static final Map<Integer, Encoding> TYPES =
      Map.ofEntries(
          Map.entry(0, Encoding.F32),
          Map.entry(1, Encoding.F16),
          Map.entry(2, Encoding.Q4_0),
          Map.entry(3, Encoding.Q4_1),
          Map.entry(6, Encoding.Q5_0),
          Map.entry(7, Encoding.Q5_1),
          Map.entry(8, Encoding.Q8_0),
          Map.entry(10, Encoding.Q2_K),
          Map.entry(11, Encoding.Q3_K),
          Map.entry(12, Encoding.Q4_K),
          Map.entry(13, Encoding.Q5_K),
          Map.entry(14, Encoding.Q6_K),
          Map.entry(24, Encoding.I8),
          Map.entry(25, Encoding.I16),
          Map.entry(26, Encoding.I32),
          Map.entry(27, Encoding.I64),
          Map.entry(28, Encoding.F64),
          Map.entry(30, Encoding.BF16));

  private static final Map<Integer, String> OTHERS =
      Map.ofEntries(
          Map.entry(9, "Q8_1"),
          Map.entry(15, "Q8_K"),
          Map.entry(16, "IQ2_XXS"),
          Map.entry(17, "IQ2_XS"),
          Map.entry(18, "IQ3_XXS"),
          Map.entry(19, "IQ1_S"),
          Map.entry(20, "IQ4_NL"),
          Map.entry(21, "IQ3_S"),
          Map.entry(22, "IQ2_S"),
          Map.entry(23, "IQ4_XS"),
          Map.entry(29, "IQ1_M"),
          Map.entry(34, "TQ1_0"),
          Map.entry(35, "TQ2_0"),
          Map.entry(39, "MXFP4"));

  private static final int MAX_DIMENSIONS = 4;
  private static final int MAX_NAME = 1024;
  private static final int MAX_ALIGNMENT = 1 << 16;
  private static final int MAX_ENTRIES = 1 << 20;
  private static final long LEAST_PAIR = 8 + 4 + 1; // bytes of a key, a type and a value
  private static final long LEAST_TENSOR = 8 + 4 + 4 + 8;

  private final Mapped file;
  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, Stored> tensors = new LinkedHashMap<>();
  private final Map<String, MemorySegment> values = new HashMap<>();

  private record Info(Stored stored, long offset) {}

  Gguf(Mapped file) {
    this.file = file;
    var in = new GgufReader(file);
    long tensorCount = readStart(in);
    var infos = new ArrayList<Info>();
    for (long i = 0; i < tensorCount; i++) {
      infos.add(info(in));
    }
    place(infos, in.position(), alignment());
  }

  /**
   * Maps and checks a file.
   *
   * @throws AnabranchException CORRUPT if it is not a whole file of this format, MODEL if it is
   *     missing, or holds a version or a type that is not supported; STORAGE if it cannot be read
   */
  public static Gguf open(Path path) {
    return Mapped.open(path, Gguf::new);
  }

  /** Reads all up to the tensors, and gives their number. */
  private long readStart(GgufReader in) {
    int magic = in.u32("magic");
    if (magic != 0x46554747) {
      throw file.broken("magic", "0x" + Integer.toHexString(magic), "'GGUF'");
    }
    int version = in.u32("version");
    if (version != 2 && version != 3) {
      boolean swapped = Integer.reverseBytes(version) >= 1 && Integer.reverseBytes(version) <= 3;
      throw file.unsupported("version", swapped ? "big-endian" : version, "2 or 3, little-endian");
    }
    long tensorCount = in.count("tensors", LEAST_TENSOR, MAX_ENTRIES);
    long pairs = in.count("metadata", LEAST_PAIR, MAX_ENTRIES);
    for (long i = 0; i < pairs; i++) {
      var key = in.string("key", MAX_NAME);
      if (metadata.put(key, in.value(key)) != null) {
        throw file.broken("key '" + key + "'", "twice", "once");
      }
    }
    return tensorCount;
  }

  private Info info(GgufReader in) {
    var name = in.string("name of a tensor", MAX_NAME);
    int rank = in.u32("dimensions of '" + name + "'");
    if (rank < 0 || rank > MAX_DIMENSIONS) {
      throw file.broken("dimensions of '" + name + "'", rank, "0 to " + MAX_DIMENSIONS);
    }
    long[] shape = new long[rank];
    long elements = 1;
    for (int i = rank - 1; i >= 0; i--) { // the file has the fastest one first
      long size = in.u64("shape of '" + name + "'");
      if (size < 1 || elements > Long.MAX_VALUE / 16 / size) {
        throw file.broken("shape of '" + name + "'", size, "1 or more, less than 2^59 in all");
      }
      elements *= size;
      shape[i] = size;
    }
    int type = in.u32("type of '" + name + "'");
    var encoding = TYPES.get(type);
    if (encoding == null) {
      throw file.unsupported(
          "type of '" + name + "'",
          OTHERS.getOrDefault(type, "number " + Integer.toUnsignedString(type)),
          "one of " + Encoding.names(EnumSet.copyOf(TYPES.values())));
    }
    if (rank == 0 ? encoding.quantised() : shape[rank - 1] % encoding.blockElements() != 0) {
      throw file.broken(
          "row of '" + name + "'",
          rank == 0 ? 1 : shape[rank - 1],
          "a multiple of " + encoding.blockElements() + " for " + encoding);
    }
    long offset = in.u64("offset of '" + name + "'");
    return new Info(new Stored(TensorSpec.of(name, shape), encoding), offset);
  }

  private int alignment() {
    var value = metadata.getOrDefault("general.alignment", 32L);
    if (value instanceof Long given
        && given >= 1
        && given <= MAX_ALIGNMENT
        && Long.bitCount(given) == 1) {
      return given.intValue();
    }
    throw file.broken("general.alignment", value, "a power of two up to " + MAX_ALIGNMENT);
  }

  private void place(List<Info> infos, long headerEnd, int alignment) {
    for (var info : infos) {
      if (tensors.put(info.stored.spec().name(), info.stored) != null) {
        throw file.broken("tensor '" + info.stored.spec().name() + "'", "twice", "once");
      }
    }
    var order = new ArrayList<>(infos);
    order.sort(Comparator.comparingLong(Info::offset));
    long size = file.bytes().byteSize();
    long start = align(headerEnd, alignment);
    long at = 0;
    for (var info : order) {
      var name = info.stored.spec().name();
      long bytes = info.stored.bytes();
      if (info.offset != align(at, alignment)) {
        throw file.broken("offset of '" + name + "'", info.offset, align(at, alignment) + "");
      }
      at = info.offset;
      if (bytes > size - start - at) {
        throw file.broken(
            "bytes of '" + name + "'", bytes, "at most " + Math.max(0, size - start - at));
      }
      values.put(name, file.bytes().asSlice(start + at, bytes));
      at += bytes;
    }
    if (size > align(start + at, alignment)) {
      throw file.broken("bytes", size, "at most " + align(start + at, alignment));
    }
  }

  private static long align(long at, int alignment) {
    return (at + alignment - 1) / alignment * alignment;
  }

  /** The file's name. */
  public String name() {
    return file.where();
  }

  /**
   * The metadata by key: a {@link Boolean}, a {@link Long} for every whole number, a {@link Double}
   * for floats, a {@link String} or a {@link GgufArray}.
   */
  public Map<String, Object> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** The tensors by the names of the file, in its order; shapes with the slowest axis first. */
  public Map<String, Stored> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** One tensor as it lies in the file, read-only and valid while this file is open. */
  public MemorySegment bytes(String tensor) {
    var bytes = values.get(tensor);
    if (bytes == null) {
      throw file.unsupported("tensor '" + tensor + "'", "missing", "one of the file's tensors");
    }
    return bytes;
  }

  /** A text of the metadata, or null. */
  @Nullable String text(String key) {
    return metadata.get(key) instanceof String text ? text : null;
  }

  /** A whole number of the metadata from 0 to 2^31 - 1, or null if it is not given. */
  @Nullable Integer integer(String key) {
    var value = metadata.get(key);
    if (value == null) {
      return null;
    }
    if (value instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE) {
      return number.intValue();
    }
    throw file.broken(key, value, "a whole number from 0 to 2147483647");
  }

  /** A finite number of the metadata, or null if it is not given. */
  @Nullable Double number(String key) {
    var value = metadata.get(key);
    if (value == null) {
      return null;
    }
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw file.broken(key, value, "a number");
  }

  /** An array of the metadata, or null if it is not given. */
  @Nullable GgufArray array(String key) {
    var value = metadata.get(key);
    if (value == null || value instanceof GgufArray) {
      return (GgufArray) value;
    }
    throw file.broken(key, value, "an array");
  }

  AnabranchException broken(String what, Object value, String expected) {
    return file.broken(what, value, expected);
  }

  AnabranchException unsupported(String what, Object value, String expected) {
    return file.unsupported(what, value, expected);
  }

  Mapped mapped() {
    return file;
  }

  /** Lets go of the pages that were read. */
  public void release() {
    file.release();
  }

  @Override
  public void close() {
    file.close();
  }
}
