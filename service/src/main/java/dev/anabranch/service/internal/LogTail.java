package dev.anabranch.service.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Reads a run log that grows, and that is cut back where the run goes back to a checkpoint. Not
 * thread-safe.
 */
final class LogTail {
  private static final int CHUNK = 1 << 18;
  private static final int LONGEST = 1 << 26;

  private final Path file;
  private long first;
  private int lines;
  private long[] ends = new long[64];
  private int[] sums = new int[64];

  /**
   * @param first lines before this one are not given out
   */
  LogTail(Path file, long first) {
    this.file = file;
    this.first = first;
  }

  /**
   * What is new.
   *
   * @param cut below 0: nothing was cut; else what stands from this line on is void
   * @param text whole lines
   */
  record News(long cut, byte[] text) {
    boolean empty() {
      return cut < 0 && text.length == 0;
    }
  }

  /** What has come since the last call; a bounded part of it. */
  News poll() throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      int whole = stillWhole(channel);
      long cut = whole < lines ? whole : -1;
      if (cut >= 0) {
        first = Math.min(first, cut);
      }
      lines = whole;
      if (cut >= 0) {
        return new News(cut, new byte[0]);
      }
      var text = read(channel);
      if (text.length == 0 && lines < first && atEnd(channel)) {
        first = lines; // whoever asks has seen lines that are no more
        return new News(lines, text);
      }
      return new News(-1, text);
    } catch (NoSuchFileException e) {
      long cut = lines > 0 || first > 0 ? 0 : -1;
      lines = 0;
      first = 0;
      return new News(cut, new byte[0]);
    }
  }

  private boolean atEnd(FileChannel channel) throws IOException {
    return channel.size() <= end();
  }

  private long end() {
    return lines == 0 ? 0 : ends[lines - 1];
  }

  /** How many of the known lines stand in the file as they did. */
  private int stillWhole(FileChannel channel) throws IOException {
    int whole = lines;
    while (whole > 0) {
      long from = whole == 1 ? 0 : ends[whole - 2];
      long to = ends[whole - 1];
      if (to <= channel.size() && sum(bytes(channel, from, (int) (to - from))) == sums[whole - 1]) {
        break;
      }
      whole--;
    }
    return whole;
  }

  private byte[] read(FileChannel channel) throws IOException {
    long from = end();
    int wanted = CHUNK;
    while (true) {
      byte[] bytes = bytes(channel, from, (int) Math.min(wanted, channel.size() - from));
      int end = lastLineEnd(bytes);
      if (end > 0) {
        return take(from, Arrays.copyOf(bytes, end));
      }
      if (bytes.length < wanted || wanted >= LONGEST) {
        return new byte[0]; // the last line is not whole yet
      }
      wanted *= 4;
    }
  }

  private static int lastLineEnd(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  /** Remembers the lines, and gives out those that were asked for. */
  private byte[] take(long at, byte[] bytes) {
    int start = 0;
    int given = -1;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        if (lines >= first && given < 0) {
          given = start;
        }
        remember(at + i + 1, sum(Arrays.copyOfRange(bytes, start, i + 1)));
        start = i + 1;
      }
    }
    return given < 0 ? new byte[0] : Arrays.copyOfRange(bytes, given, bytes.length);
  }

  private void remember(long end, int sum) {
    if (lines == ends.length) {
      ends = Arrays.copyOf(ends, 2 * lines);
      sums = Arrays.copyOf(sums, 2 * lines);
    }
    ends[lines] = end;
    sums[lines++] = sum;
  }

  private static byte[] bytes(FileChannel channel, long from, int count) throws IOException {
    var out = ByteBuffer.allocate(Math.max(0, count));
    while (out.hasRemaining()) {
      if (channel.read(out, from + out.position()) < 0) {
        break;
      }
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  private static int sum(byte[] bytes) {
    var sum = new CRC32C();
    sum.update(bytes);
    return (int) sum.getValue();
  }
}
