package dev.anabranch.app.daemon;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.WholeFile;
import dev.anabranch.fabrics.grpc.SentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;

/**
 * Everything that an agent has sent, for its owner: one line a message, in a file that is only
 * appended to; and the owner's limit on how fast. Thread-safe.
 */
public final class SentRecord implements SentLog, AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final InstantSource clock;
  private final Pace pace;

  /**
   * @param bytesPerSecond 0: no limit
   */
  public SentRecord(Path folder, InstantSource clock, long bytesPerSecond) {
    this.file = file(folder);
    this.clock = clock;
    pace = new Pace(bytesPerSecond, clock);
    try {
      Files.createDirectories(folder);
      boolean torn = torn(file);
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      if (torn) {
        channel.write(ByteBuffer.wrap(new byte[] {'\n'}));
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Whether the process died while it wrote the last line. */
  private static boolean torn(Path file) throws IOException {
    if (!Files.exists(file) || Files.size(file) == 0) {
      return false;
    }
    try (var in = FileChannel.open(file, StandardOpenOption.READ)) {
      var last = ByteBuffer.allocate(1);
      in.read(last, in.size() - 1);
      return last.get(0) != '\n';
    }
  }

  private static Path file(Path folder) {
    return folder.resolve("sent.jsonl");
  }

  private AnabranchException failed(IOException e) {
    return new AnabranchException(
        Failure.STORAGE,
        "record of what was sent: "
            + file
            + ": "
            + e.getMessage()
            + " (expected: room, and the right to write); nothing is sent that is not recorded",
        e);
  }

  @Override
  public void sent(String run, int round, NodeId from, NodeId to, String topic, long bytes) {
    var line = new LinkedHashMap<String, Object>();
    line.put("at", clock.instant().toString());
    line.put("run", run);
    line.put("round", round);
    line.put("from", from.toString());
    line.put("to", to.toString());
    line.put("topic", topic);
    line.put("bytes", bytes);
    var text = ByteBuffer.wrap((Json.compact(line) + "\n").getBytes(StandardCharsets.UTF_8));
    synchronized (this) {
      try {
        WholeFile.writeAll(channel, text);
      } catch (IOException e) {
        throw failed(e);
      }
      pace(bytes);
    }
  }

  /** One message after the other, so that two programs do not share the limit twice. */
  private void pace(long bytes) {
    var wait = pace.take(bytes);
    if (wait.isPositive()) {
      try {
        Thread.sleep(wait); // the limit is one of time
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What was sent on one topic in one round. */
  public record Sum(String run, int round, String topic, long messages, long bytes) {}

  /** What was sent, by run, round and topic. */
  public static List<Sum> read(Path folder) {
    var file = file(folder);
    var sums = new TreeMap<String, Sum>();
    try {
      if (Files.exists(file)) {
        try (var lines = Files.lines(file)) {
          lines.forEach(line -> add(file, line, sums));
        }
      }
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, file + ": " + e.getMessage() + " (expected: a readable file)", e);
    }
    return new ArrayList<>(sums.values());
  }

  private static void add(Path file, String line, TreeMap<String, Sum> sums) {
    if (!line.endsWith("}")) {
      return; // the process died while it wrote this line; the message was not sent
    }
    var read = Json.object(file, line);
    var run = String.valueOf(read.get("run"));
    var topic = String.valueOf(read.get("topic"));
    int round = read.get("round") instanceof Number n ? n.intValue() : -1;
    long bytes = read.get("bytes") instanceof Number n ? n.longValue() : 0;
    sums.merge(
        String.format(java.util.Locale.ROOT, "%s %09d %s", run, round, topic),
        new Sum(run, round, topic, 1, bytes),
        (a, b) -> new Sum(run, round, topic, a.messages() + 1, a.bytes() + b.bytes()));
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(e);
    }
  }
}
