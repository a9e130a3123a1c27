package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.WholeFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes safetensors, byte for byte as the reference implementation does. */
final class SafeTensorsWriter {
  private static final long STEP = 1L << 28; // a ByteBuffer ends at 2 GiB

  private SafeTensorsWriter() {}

  static void write(Path path, List<SafeTensors.Item> items, Map<String, String> metadata) {
    byte[] header = header(items, metadata).getBytes(StandardCharsets.UTF_8);
    int padded = (header.length + 7) & ~7;
    var start = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    start.putLong(padded).put(header);
    while (start.hasRemaining()) {
      start.put((byte) ' ');
    }
    try {
      WholeFile.write(
          path,
          to -> {
            WholeFile.writeAll(to, start.flip());
            for (var item : items) {
              writeAll(to, item.values());
            }
          });
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          path
              + ": "
              + e.getClass().getSimpleName()
              + " "
              + e.getMessage()
              + " (expected: a folder that can be written, with room left)",
          e);
    }
  }

  private static void writeAll(FileChannel channel, MemorySegment memory) throws IOException {
    for (long at = 0; at < memory.byteSize(); at += STEP) {
      WholeFile.writeAll(
          channel, memory.asSlice(at, Math.min(STEP, memory.byteSize() - at)).asByteBuffer());
    }
  }

  private static String header(List<SafeTensors.Item> items, Map<String, String> metadata) {
    var root = new LinkedHashMap<String, Object>();
    if (!metadata.isEmpty()) {
      root.put("__metadata__", new TreeMap<>(metadata));
    }
    var names = new HashSet<String>();
    long at = 0;
    for (var item : items) {
      var spec = item.spec();
      long end = at + item.encoding().bytes(spec.elements());
      if (item.encoding().quantised() || item.values().byteSize() != end - at) {
        throw new IllegalArgumentException(
            spec
                + ": "
                + item.values().byteSize()
                + " bytes (expected: "
                + (end - at)
                + ", plain)");
      }
      if (!names.add(spec.name())) {
        throw new IllegalArgumentException("tensor '" + spec.name() + "' stands twice");
      }
      var entry = new LinkedHashMap<String, Object>();
      entry.put("dtype", item.encoding().name());
      entry.put("shape", spec.shape());
      entry.put("data_offsets", List.of(at, end));
      root.put(spec.name(), entry);
      at = end;
    }
    return Json.text(root);
  }
}
