package dev.anabranch.core.internal;

import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.WholeFile;
import dev.anabranch.core.WireException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.regex.Pattern;

/**
 * Large values of devices' memories beside the checkpoints of a folder, each in a file that is
 * named after its SHA-256. A device that rests keeps what it has: it is written once, and each
 * checkpoint names it. Not thread-safe.
 */
public final class MemoryFiles {
  /** Bytes from which on a file of its own is worth its name. */
  static final long LEAST = 1 << 20;

  private static final String PREFIX = "memory-";
  private static final String SUFFIX = ".bin";
  private static final Pattern NAME = Pattern.compile("memory-[0-9a-f]{64}\\.bin");

  private final Path folder;

  /** Where the values lie that were written or read here, by identity; none is kept alive. */
  private final Map<TensorMap, String> names = new WeakHashMap<>();

  public MemoryFiles(Path folder) {
    this.folder = folder;
  }

  /** Writes values that are not there yet; gives the file's name. */
  String put(TensorMap values) throws IOException {
    var known = names.get(values);
    if (known != null) {
      return known;
    }
    var name = PREFIX + HexFormat.of().formatHex(digest(values.data())) + SUFFIX;
    var file = folder.resolve(name);
    if (!Files.exists(file)) {
      WholeFile.write(
          file, to -> CheckpointFile.pieces(values.data(), piece -> WholeFile.writeAll(to, piece)));
    }
    names.put(values, name);
    return name;
  }

  /**
   * The values of a file that a checkpoint names; they stay in it until somebody writes to them.
   *
   * @throws WireException if it is not there, or not what was written
   */
  TensorMap get(String name, List<TensorSpec> specs, long bytes) throws IOException {
    require(name);
    var file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new WireException(name + ": not there (expected: beside the checkpoint)");
    }
    try (var channel = // a copy on write asks for both
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (channel.size() != bytes) {
        throw new WireException(
            name + ": " + channel.size() + " bytes (expected: " + bytes + ", those of its shapes)");
      }
      var place = OffHeap.copyOf(channel, 0, bytes);
      var hex = name.substring(PREFIX.length(), name.length() - SUFFIX.length());
      if (!MessageDigest.isEqual(HexFormat.of().parseHex(hex), digest(place.segment()))) {
        throw new WireException(name + ": its SHA-256 differs (expected: that of its name)");
      }
      var values = TensorMap.view(specs, place.segment(), place);
      names.put(values, name);
      return values;
    }
  }

  /** Refuses what is no name of such a file. */
  static String require(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new WireException("file: '" + name + "' (expected: " + NAME + ")");
    }
    return name;
  }

  /** Deletes the files that none of the given checkpoints names. */
  public void keepOnly(List<Path> checkpoints) throws IOException {
    var named = new HashSet<String>();
    for (var checkpoint : checkpoints) {
      named.addAll(CheckpointFile.memories(checkpoint));
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, PREFIX + "*")) {
      for (var file : all) {
        if (!named.contains(file.getFileName().toString())) {
          Files.delete(file);
        }
      }
    }
    names.values().retainAll(named);
  }

  private static byte[] digest(MemorySegment bytes) throws IOException {
    var digest = CheckpointFile.sha256();
    CheckpointFile.pieces(bytes, digest::update);
    return digest.digest();
  }
}
