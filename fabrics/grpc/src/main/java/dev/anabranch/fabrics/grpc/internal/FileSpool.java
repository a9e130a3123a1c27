package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.Parcel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The messages that came in on one pipe, in a file, one after another; each is on the disk before
 * it is acknowledged, and mapped when it is read. Of the pipe's thread; what it has written may be
 * read by any.
 *
 * <p>A message is a header of 24 bytes (lengths of topic and codec, of head, of body,
 * little-endian), topic, codec, head, and then its body at the next multiple of 64 bytes.
 */
final class FileSpool implements Spool, AutoCloseable {
  private static final int HEADER = 24;
  private static final int ALIGN = 64;

  private final Path file;
  private final FileChannel channel;
  private final Consumer<AnabranchException> full;
  private long size;
  private volatile boolean ended;
  private volatile @Nullable String reason;

  /** Begins a new file. */
  FileSpool(Path file) {
    this(file, failure -> {});
  }

  /**
   * Begins a new file.
   *
   * @param full told if it cannot be written; the peer alone would hear of it otherwise
   */
  FileSpool(Path file, Consumer<AnabranchException> full) {
    this.file = file;
    this.full = full;
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.READ,
              StandardOpenOption.TRUNCATE_EXISTING);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static AnabranchException failed(Path file, IOException e) {
    return new AnabranchException(
        Failure.STORAGE,
        "spool: "
            + file
            + ": "
            + e.getMessage()
            + " (expected: room and the right to write); make room, then resume the run",
        e);
  }

  /** Whether the peer's program has ended its side, well or badly. */
  boolean hasEnded() {
    return ended;
  }

  /** Why the peer's program has ended badly; null if it has not. */
  @Nullable String reason() {
    return reason;
  }

  @Override
  public Incoming begin(String topic, String codec, long headBytes, long bodyBytes) {
    var place = Place.at(size, topic, codec, headBytes, bodyBytes);
    size = place.end();
    return new Writing(place);
  }

  @Override
  public void ended(@Nullable String why) {
    reason = why;
    ended = true;
  }

  /** Where a message lies. */
  private record Place(
      long at, byte[] topic, byte[] codec, long headAt, long head, long bodyAt, long body) {
    static Place at(long at, String topic, String codec, long head, long body) {
      return at(
          at,
          topic.getBytes(StandardCharsets.UTF_8),
          codec.getBytes(StandardCharsets.UTF_8),
          head,
          body);
    }

    static Place at(long at, byte[] topic, byte[] codec, long head, long body) {
      long headAt = at + HEADER + topic.length + codec.length;
      return new Place(at, topic, codec, headAt, head, up(headAt + head), body);
    }

    private static long up(long n) {
      return (n + ALIGN - 1) / ALIGN * ALIGN;
    }

    long end() {
      return up(bodyAt + body);
    }

    ByteBuffer header() {
      return ByteBuffer.allocate(HEADER + topic.length + codec.length)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(topic.length)
          .putInt(codec.length)
          .putLong(head)
          .putLong(body)
          .put(topic)
          .put(codec)
          .flip();
    }
  }

  /** A message while it comes in. */
  private final class Writing implements Incoming {
    private final Place place;
    private long headAt;
    private long bodyAt;

    Writing(Place place) {
      this.place = place;
      headAt = place.headAt();
      bodyAt = place.bodyAt();
      write(place.header(), place.at());
    }

    @Override
    public void head(MemorySegment bytes) {
      headAt += write(bytes.asByteBuffer(), headAt);
    }

    @Override
    public void body(MemorySegment bytes) {
      bodyAt += write(bytes.asByteBuffer(), bodyAt);
    }

    @Override
    public Arrival whole() {
      try {
        channel.force(false);
      } catch (IOException e) {
        throw unwritten(e);
      }
      return new Arrived(file, place);
    }

    @Override
    public void abandon() {
      size = place.at();
    }
  }

  private long write(ByteBuffer bytes, long at) {
    try {
      long written = 0;
      while (bytes.hasRemaining()) {
        written += channel.write(bytes, at + written);
      }
      return written;
    } catch (IOException e) {
      throw unwritten(e);
    }
  }

  private AnabranchException unwritten(IOException e) {
    var failure = failed(file, e);
    if (!(e instanceof ClosedChannelException)) { // nobody waits for the rest of a closed spool
      full.accept(failure);
    }
    return failure;
  }

  /** A message on the disk. */
  private record Arrived(Path file, Place place) implements Arrival {
    @Override
    public Parcel open() {
      try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
        return new Parcel(
            new String(place.topic(), StandardCharsets.UTF_8),
            new String(place.codec(), StandardCharsets.UTF_8),
            Wire.inFile(channel, place.headAt(), place.head(), place.bodyAt(), place.body()));
      } catch (IOException e) {
        throw failed(file, e);
      }
    }

    @Override
    public void discard() {}
  }

  /**
   * The messages of a file that was completed, perhaps by an earlier process.
   *
   * @throws AnabranchException of kind CORRUPT if the file is not such a one
   */
  static List<Arrival> read(Path file) {
    var out = new ArrayList<Arrival>();
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      long at = 0;
      while (at < size) {
        var place = place(channel, file, at, size);
        out.add(new Arrived(file, place));
        at = place.end();
      }
      return out;
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static Place place(FileChannel channel, Path file, long at, long size)
      throws IOException {
    var header = bytes(channel, file, at, HEADER, size).order(ByteOrder.LITTLE_ENDIAN);
    int topic = header.getInt();
    int codec = header.getInt();
    long head = header.getLong();
    long body = header.getLong();
    if (topic < 0 || topic > 255 || codec < 0 || codec > 255 || head < 0 || body < 0) {
      throw corrupt(file, at);
    }
    var names = bytes(channel, file, at + HEADER, topic + codec, size);
    var topicBytes = new byte[topic];
    var codecBytes = new byte[codec];
    names.get(topicBytes).get(codecBytes);
    var place = Place.at(at, topicBytes, codecBytes, head, body);
    long ends = body == 0 ? place.headAt() + head : place.bodyAt() + body;
    if (head > size || body > size || ends > size) {
      throw corrupt(file, at);
    }
    return place;
  }

  private static ByteBuffer bytes(FileChannel channel, Path file, long at, int n, long size)
      throws IOException {
    if (at + n > size) {
      throw corrupt(file, at);
    }
    var out = ByteBuffer.allocate(n);
    while (out.hasRemaining()) {
      if (channel.read(out, at + out.position()) < 0) {
        throw corrupt(file, at);
      }
    }
    return out.flip();
  }

  private static AnabranchException corrupt(Path file, long at) {
    return AnabranchException.expected(
        Failure.CORRUPT,
        "spool " + file,
        "no message at byte " + at,
        "whole messages; delete the run's spool folder, then resume the run");
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }
}
