package dev.anabranch.core.internal;

import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.WholeFile;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A checkpoint as a file: 8 bytes of name, the length of its head, the head (rounds, notes, names
 * of files, names and shapes of memories), then the values of memories that have no file of their
 * own and the two parts of the state, one after another; a SHA-256 of all that ends it.
 */
public final class CheckpointFile {
  private static final byte[] NAME = {'A', 'N', 'A', 'B', 'R', 'C', 'K', '2'};
  private static final int DIGEST = 32;
  private static final int MAX = 1 << 26;
  private static final long STEP = 1 << 26;

  private CheckpointFile() {}

  /** What a file holds; {@code logSize} is −1 without a log. */
  public record Read(Checkpoint checkpoint, long logSize) {}

  /** Takes bytes, a piece at a time. */
  interface Taker {
    void take(ByteBuffer piece) throws IOException;
  }

  /**
   * Writes a file anew; its bytes are on the disk when this returns.
   *
   * @param beside gets the large values of memories
   */
  public static void write(Path file, Checkpoint checkpoint, long logSize, MemoryFiles beside)
      throws IOException {
    var values = new ArrayList<MemorySegment>();
    var files = files(checkpoint, beside);
    try (var channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING);
        var head = head(checkpoint, logSize, files, values)) {
      var digest = sha256();
      var start = ByteBuffer.allocate(NAME.length + 8).order(ByteOrder.LITTLE_ENDIAN);
      start.put(NAME).putLong(head.head().byteSize()).flip();
      put(channel, digest, MemorySegment.ofBuffer(start));
      put(channel, digest, head.head());
      for (var value : values) {
        put(channel, digest, value);
      }
      WholeFile.writeAll(channel, ByteBuffer.wrap(digest.digest()));
      channel.force(true);
    }
  }

  /** The names of the files of large values. */
  private static Map<TensorMap, String> files(Checkpoint checkpoint, MemoryFiles beside)
      throws IOException {
    var files = new IdentityHashMap<TensorMap, String>();
    for (var memory : checkpoint.memories().values()) {
      for (var map : memory.values()) {
        if (map.data().byteSize() >= MemoryFiles.LEAST) {
          files.put(map, beside.put(map));
        }
      }
    }
    return files;
  }

  private static Wire head(
      Checkpoint checkpoint,
      long logSize,
      Map<TensorMap, String> files,
      List<MemorySegment> values) {
    var out = new WireOut(64);
    var names = new TreeSet<>(files.values());
    out.headInt(names.size());
    names.forEach(out::headText);
    out.headInt(checkpoint.nextRound());
    out.headLong(logSize);
    out.headInt(checkpoint.notes().size());
    new TreeMap<>(checkpoint.notes())
        .forEach((key, value) -> {
          out.headText(key);
          out.headText(value);
        });
    out.headInt(checkpoint.memories().size());
    new TreeMap<>(checkpoint.memories())
        .forEach((node, memory) -> {
          out.headText(node.toString());
          out.headInt(memory.size());
          new TreeMap<>(memory)
              .forEach((key, map) -> {
                out.headText(key);
                out.headInt(map.size());
                for (var spec : map.specs()) {
                  out.headText(spec.name());
                  out.headShape(spec.dims());
                }
                var file = files.get(map);
                out.headText(file == null ? "" : file);
                if (file == null) {
                  values.add(map.data());
                }
              });
        });
    for (var part : new MemorySegment[] {checkpoint.state().head(), checkpoint.state().body()}) {
      out.headLong(part.byteSize());
      values.add(part);
    }
    return out.finish();
  }

  private static void put(FileChannel channel, MessageDigest digest, MemorySegment bytes)
      throws IOException {
    pieces(
        bytes,
        piece -> {
          digest.update(piece.duplicate());
          WholeFile.writeAll(channel, piece);
        });
  }

  /** All bytes in their order, in pieces that a buffer can hold. */
  static void pieces(MemorySegment bytes, Taker taker) throws IOException {
    for (long at = 0; at < bytes.byteSize(); at += STEP) {
      taker.take(bytes.asSlice(at, Math.min(STEP, bytes.byteSize() - at)).asByteBuffer());
    }
  }

  /** The files of memories that a checkpoint names; none if it is damaged. */
  static Set<String> memories(Path file) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ);
        var head =
            OffHeap.of(channel, NAME.length + 8L, headSize(start(channel), channel.size()))) {
      var none = MemorySegment.NULL.asSlice(0, 0);
      return files(new WireIn(head.segment(), none, head));
    } catch (WireException | IllegalArgumentException e) {
      return Set.of();
    }
  }

  private static MemorySegment start(FileChannel channel) throws IOException {
    var start = ByteBuffer.allocate(NAME.length + 8);
    while (start.hasRemaining() && channel.read(start, start.position()) >= 0) {}
    return MemorySegment.ofArray(start.array());
  }

  private static Set<String> files(WireIn in) {
    var names = new TreeSet<String>();
    for (int n = in.headCount(MAX); n > 0; n--) {
      names.add(MemoryFiles.require(in.headText()));
    }
    return names;
  }

  /**
   * Reads a file.
   *
   * @param beside has the large values of memories
   * @throws WireException if it is not whole
   */
  public static Read read(Path file, MemoryFiles beside) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < NAME.length + 8 + DIGEST) {
        throw new WireException(
            file.getFileName() + ": " + size + " bytes (expected: a whole checkpoint)");
      }
      var all = OffHeap.allocate(size);
      var bytes = all.segment();
      for (long at = 0; at < size; ) {
        var piece = bytes.asSlice(at, Math.min(STEP, size - at)).asByteBuffer();
        int got = channel.read(piece, at);
        if (got < 0) {
          throw new WireException(
              file.getFileName() + ": it became shorter (expected: " + size + " bytes)");
        }
        at += got;
      }
      check(file, bytes);
      try (all) {
        return parse(channel, bytes.asSlice(0, size - DIGEST), all, beside);
      }
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new WireException(file.getFileName() + ": " + e.getMessage());
    }
  }

  private static void check(Path file, MemorySegment bytes) throws IOException {
    var digest = sha256();
    long size = bytes.byteSize() - DIGEST;
    pieces(bytes.asSlice(0, size), digest::update);
    byte[] found = bytes.asSlice(size, DIGEST).toArray(ValueLayout.JAVA_BYTE);
    if (!MessageDigest.isEqual(found, digest.digest())) {
      throw new WireException(
          file.getFileName() + ": its SHA-256 differs (expected: the one at its end)");
    }
    if (bytes.asSlice(0, NAME.length).mismatch(MemorySegment.ofArray(NAME)) >= 0) {
      throw new WireException(
          file.getFileName() + ": another format (expected: a checkpoint of version 2)");
    }
  }

  /** Copies memories, and leaves the state in the file. */
  private static Read parse(
      FileChannel channel, MemorySegment bytes, OffHeap owner, MemoryFiles beside)
      throws IOException {
    long from = NAME.length + 8L;
    long headSize = headSize(bytes, bytes.byteSize());
    // Everything after the head is read as the body of a message: the reader checks each length.
    var in = new WireIn(bytes.asSlice(from, headSize), bytes.asSlice(from + headSize), owner);
    files(in);
    int nextRound = in.headCount(Integer.MAX_VALUE);
    long logSize = in.headLong();
    var notes = new LinkedHashMap<String, String>();
    for (int n = in.headCount(MAX); n > 0; n--) {
      notes.put(in.headText(), in.headText());
    }
    var memories = new TreeMap<NodeId, Map<String, TensorMap>>();
    for (int n = in.headCount(MAX); n > 0; n--) {
      var memory = new TreeMap<String, TensorMap>();
      memories.put(NodeId.parse(in.headText()), memory);
      for (int k = in.headCount(MAX); k > 0; k--) {
        memory.put(in.headText(), map(in, beside));
      }
    }
    var head = in.get(in.headLong());
    var body = in.get(in.headLong());
    in.end();
    long headAt = head.address() - bytes.address();
    long bodyAt = body.address() - bytes.address();
    var state = Wire.inFile(channel, headAt, head.byteSize(), bodyAt, body.byteSize());
    return new Read(new Checkpoint(nextRound, state, memories, notes), logSize);
  }

  private static long headSize(MemorySegment bytes, long size) {
    var layout = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    long headSize = bytes.get(layout, NAME.length);
    if (headSize < 0 || headSize > size - NAME.length - 8) {
      throw new WireException("head: " + headSize + " bytes (expected: within the file)");
    }
    return headSize;
  }

  private static TensorMap map(WireIn in, MemoryFiles beside) throws IOException {
    var specs = new ArrayList<TensorSpec>();
    long elements = 0;
    for (int n = in.headCount(MAX); n > 0; n--) {
      var spec = TensorSpec.of(in.headText(), in.headShape());
      specs.add(spec);
      elements = Math.addExact(elements, spec.elements());
    }
    long bytes = Math.multiplyExact(elements, 4L);
    var file = in.headText();
    return file.isEmpty()
        ? TensorMap.view(specs, in.get(bytes), in.owner()).copy() // it outlives the state's bytes
        : beside.get(file, specs, bytes);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
