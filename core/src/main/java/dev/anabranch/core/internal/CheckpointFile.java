package dev.anabranch.core.internal;

import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * A checkpoint as a file: 8 bytes of name, the length of its head, the head (rounds, notes, names
 * and shapes), then the values of all memories and the two parts of the state, one after another; a
 * SHA-256 of all that ends it.
 */
public final class CheckpointFile {
  private static final byte[] NAME = {'A', 'N', 'A', 'B', 'R', 'C', 'K', '1'};
  private static final int DIGEST = 32;
  private static final int MAX = 1 << 26;
  private static final long STEP = 1 << 26;

  private CheckpointFile() {}

  /** What a file holds; {@code logSize} is −1 without a log. */
  public record Read(Checkpoint checkpoint, long logSize) {}

  /** Writes a file anew; its bytes are on the disk when this returns. */
  public static void write(Path file, Checkpoint checkpoint, long logSize) throws IOException {
    var values = new ArrayList<MemorySegment>();
    try (var channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING);
        var head = head(checkpoint, logSize, values)) {
      var digest = sha256();
      var start = ByteBuffer.allocate(NAME.length + 8).order(ByteOrder.LITTLE_ENDIAN);
      start.put(NAME).putLong(head.head().byteSize()).flip();
      put(channel, digest, MemorySegment.ofBuffer(start));
      put(channel, digest, head.head());
      for (var value : values) {
        put(channel, digest, value);
      }
      write(channel, ByteBuffer.wrap(digest.digest()));
      channel.force(true);
    }
  }

  private static Wire head(Checkpoint checkpoint, long logSize, ArrayList<MemorySegment> values) {
    var out = new WireOut(64);
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
                values.add(map.data());
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
    for (long at = 0; at < bytes.byteSize(); at += STEP) {
      var piece = bytes.asSlice(at, Math.min(STEP, bytes.byteSize() - at)).asByteBuffer();
      digest.update(piece.duplicate());
      write(channel, piece);
    }
  }

  private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Reads a file.
   *
   * @throws WireException if it is not whole
   */
  public static Read read(Path file) throws IOException {
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
        return parse(channel, bytes.asSlice(0, size - DIGEST), all);
      }
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new WireException(file.getFileName() + ": " + e.getMessage());
    }
  }

  private static void check(Path file, MemorySegment bytes) {
    var digest = sha256();
    long size = bytes.byteSize() - DIGEST;
    for (long at = 0; at < size; at += STEP) {
      digest.update(bytes.asSlice(at, Math.min(STEP, size - at)).asByteBuffer());
    }
    byte[] found = bytes.asSlice(size, DIGEST).toArray(ValueLayout.JAVA_BYTE);
    if (!MessageDigest.isEqual(found, digest.digest())) {
      throw new WireException(
          file.getFileName() + ": its SHA-256 differs (expected: the one at its end)");
    }
    if (bytes.asSlice(0, NAME.length).mismatch(MemorySegment.ofArray(NAME)) >= 0) {
      throw new WireException(
          file.getFileName() + ": another format (expected: a checkpoint of version 1)");
    }
  }

  /** Copies memories, and leaves the state in the file. */
  private static Read parse(FileChannel channel, MemorySegment bytes, OffHeap owner)
      throws IOException {
    var layout = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    long from = NAME.length + 8L;
    long headSize = bytes.get(layout, NAME.length);
    if (headSize < 0 || headSize > bytes.byteSize() - from) {
      throw new WireException("head: " + headSize + " bytes (expected: within the file)");
    }
    // Everything after the head is read as the body of a message: the reader checks each length.
    var in = new WireIn(bytes.asSlice(from, headSize), bytes.asSlice(from + headSize), owner);
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
        memory.put(in.headText(), map(in));
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

  private static TensorMap map(WireIn in) {
    var specs = new ArrayList<TensorSpec>();
    long elements = 0;
    for (int n = in.headCount(MAX); n > 0; n--) {
      var spec = TensorSpec.of(in.headText(), in.headShape());
      specs.add(spec);
      elements = Math.addExact(elements, spec.elements());
    }
    // A copy, since a memory outlives the state's bytes.
    return TensorMap.view(specs, in.get(Math.multiplyExact(elements, 4L)), in.owner()).copy();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
