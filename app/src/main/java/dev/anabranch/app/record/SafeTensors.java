package dev.anabranch.app.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Files of named tensors in the safetensors format, 32-bit floats only. Strict: a file must be
 * exactly as long as its header says, tensors lie one after another without gaps, and no name
 * stands twice.
 */
public final class SafeTensors {
  private static final int MAX_HEADER = 100_000_000;
  private static final int MAX_RANK = 8;
  private static final String METADATA = "__metadata__";

  private SafeTensors() {}

  /** Writes a file; durable when it returns, and an older one stays until then. */
  public static void write(Path file, TensorMap tensors, Map<String, String> metadata) {
    var header = header(tensors, metadata);
    var prefix = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    prefix.putLong(header.length).put(header).flip();
    var part = file.resolveSibling(file.getFileName() + ".part");
    try {
      try (var channel =
          FileChannel.open(
              part,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        writeAll(channel, prefix);
        long size = tensors.data().byteSize();
        long step = 1 << 28;
        for (long from = 0; from < size; from += step) {
          writeAll(
              channel, tensors.data().asSlice(from, Math.min(step, size - from)).asByteBuffer());
        }
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw Storage.failed(file, e);
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static byte[] header(TensorMap tensors, Map<String, String> metadata) {
    var root = Json.MAPPER.createObjectNode();
    var meta = root.putObject(METADATA);
    metadata.forEach(meta::put);
    long at = 0;
    for (var spec : tensors.specs()) {
      var one = root.putObject(spec.name());
      one.put("dtype", "F32");
      var shape = one.putArray("shape");
      spec.shape().forEach(shape::add);
      long end = at + spec.elements() * Float.BYTES;
      one.putArray("data_offsets").add(at).add(end);
      at = end;
    }
    byte[] json = Json.compact(root).getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  /**
   * Reads a file.
   *
   * @throws AnabranchException of kind {@link Failure#CORRUPT} if it is not a whole file of this
   *     format
   */
  public static TensorMap read(Path file) {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ);
        var arena = Arena.ofConfined()) {
      long size = channel.size();
      require(size >= 8, file, size + " bytes", "at least 8");
      var mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      var order = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
      long length = mapped.get(order, 0);
      require(
          length >= 2 && length <= Math.min(MAX_HEADER, size - 8),
          file,
          "header of " + length + " bytes",
          "2 to " + Math.min(MAX_HEADER, size - 8));
      byte[] header = mapped.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
      var specs = specs(file, header, size - 8 - length);
      var out = TensorMap.zeros(specs);
      MemorySegment.copy(mapped, 8 + length, out.data(), 0, out.data().byteSize());
      return out;
    } catch (NoSuchFileException e) {
      throw new AnabranchException(
          Failure.CORRUPT, file + ": missing (expected: the trained variables of a whole run)", e);
    } catch (IOException e) {
      throw Storage.failed(file, e);
    }
  }

  private static List<TensorSpec> specs(Path file, byte[] header, long dataBytes) {
    JsonNode root;
    try {
      root = Json.STRICT.readTree(new String(header, StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw corrupt(file, "header that is no JSON", "a JSON object with each name once");
    }
    require(root.isObject(), file, "header of type " + root.getNodeType(), "a JSON object");
    var specs = new ArrayList<TensorSpec>();
    long at = 0;
    for (var entry : root.properties()) {
      if (entry.getKey().equals(METADATA)) {
        continue;
      }
      var spec = spec(file, entry.getKey(), entry.getValue(), dataBytes);
      var offsets = entry.getValue().path("data_offsets");
      long end = at + spec.elements() * Float.BYTES;
      require(
          offsets.size() == 2
              && offsets.get(0).asLong(-1) == at
              && offsets.get(1).asLong(-1) == end,
          file,
          entry.getKey() + " at " + offsets,
          "[" + at + "," + end + "]");
      at = end;
      specs.add(spec);
    }
    require(at == dataBytes, file, dataBytes + " bytes of values", at + " as its header says");
    return specs;
  }

  private static TensorSpec spec(Path file, String name, JsonNode node, long dataBytes) {
    require(
        node.path("dtype").asText().equals("F32"),
        file,
        name + " of type " + node.path("dtype"),
        "F32");
    var shape = node.path("shape");
    require(
        shape.isArray() && shape.size() <= MAX_RANK,
        file,
        name + " of shape " + shape,
        "at most " + MAX_RANK + " sizes");
    long elements = 1;
    long[] dims = new long[shape.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = shape.get(i).isIntegralNumber() ? shape.get(i).asLong() : -1;
      require(
          dims[i] >= 0 && (dims[i] == 0 || elements <= dataBytes / Float.BYTES / dims[i]),
          file,
          name + " of shape " + shape,
          "a tensor that fits " + dataBytes + " bytes");
      elements *= dims[i];
    }
    return TensorSpec.of(name, dims);
  }

  private static void require(boolean holds, Path file, String value, String expected) {
    if (!holds) {
      throw corrupt(file, value, expected);
    }
  }

  private static AnabranchException corrupt(Path file, String value, String expected) {
    return AnabranchException.expected(Failure.CORRUPT, file.toString(), value, expected);
  }
}
