package dev.anabranch.core;

import dev.anabranch.core.internal.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * The run log as a file of JSON Lines. Each event is in the file when {@link #append} returns.
 * Thread-safe.
 */
public final class FileRunLog implements RunLog, AutoCloseable {
  private final Path file;
  private final FileChannel channel;

  /** Opens the log to append to it; creates it if it is not there. */
  public FileRunLog(Path file) {
    this.file = file;
    try {
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ);
      channel.position(channel.size());
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void append(String kind, int round, Map<String, ?> fields) {
    var line = new StringBuilder(128);
    line.append("{\"kind\":");
    Json.write(line, kind);
    line.append(",\"round\":").append(round);
    fields.forEach((name, value) -> {
      line.append(',');
      Json.write(line, name);
      line.append(':');
      Json.write(line, value);
    });
    line.append("}\n");
    var bytes = ByteBuffer.wrap(line.toString().getBytes(StandardCharsets.UTF_8));
    synchronized (this) {
      try {
        WholeFile.writeAll(channel, bytes);
      } catch (IOException e) {
        throw failed(e);
      }
    }
  }

  /** Bytes written so far. */
  public synchronized long size() {
    try {
      return channel.size();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Cuts the log back to its first {@code bytes}; a shorter one stays as it is. */
  public synchronized void cut(long bytes) {
    try {
      channel.truncate(bytes);
      channel.position(channel.size());
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Makes what has been written durable. */
  public synchronized void force() {
    try {
      channel.force(false);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private AnabranchException failed(IOException e) {
    return new AnabranchException(
        Failure.STORAGE,
        "run log: "
            + file
            + " cannot be written: "
            + e.getMessage()
            + " (expected: a writable file);"
            + " make room or change the folder, then resume the run",
        e);
  }

  @Override
  public synchronized void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(e);
    }
  }
}
