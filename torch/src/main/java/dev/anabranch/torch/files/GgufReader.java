package dev.anabranch.torch.files;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** A position in the header of a GGUF file that never leaves it. Not thread-safe. */
final class GgufReader {
  static final int STRING = 8;
  static final int ARRAY = 9;
  private static final int BOOL = 7;
  private static final int TYPES = 13;
  private static final int MAX_DEPTH = 8;

  /** Bytes of a value by its type; the least for texts and arrays. */
  private static final int[] BYTES = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

  private final Mapped file;
  private final MemorySegment in;
  private long at;

  GgufReader(Mapped file) {
    this(file, file.bytes());
  }

  GgufReader(Mapped file, MemorySegment in) {
    this.file = file;
    this.in = in;
  }

  long position() {
    return at;
  }

  private long take(String what, long bytes) {
    if (bytes < 0 || bytes > in.byteSize() - at) {
      throw file.broken(
          what,
          "needs " + Long.toUnsignedString(bytes) + " bytes at " + at,
          "at most " + (in.byteSize() - at) + ", which are left");
    }
    long start = at;
    at += bytes;
    return start;
  }

  int u32(String what) {
    return in.get(Values.INT, take(what, 4));
  }

  long u64(String what) {
    return in.get(Values.LONG, take(what, 8));
  }

  /** A number of things of at least {@code least} bytes each. */
  long count(String what, long least, long most) {
    long count = u64(what);
    long limit = Math.min(most, (in.byteSize() - at) / least);
    if (count < 0 || count > limit) {
      throw file.broken("number of " + what, Long.toUnsignedString(count), "0 to " + limit);
    }
    return count;
  }

  String string(String what, long most) {
    long length = u64(what);
    if (length < 0 || length > most) {
      throw file.broken(what + ": length", Long.toUnsignedString(length), "0 to " + most);
    }
    long start = take(what, length);
    return new String(in.asSlice(start, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
  }

  /** A value of the metadata with its type before it. */
  Object value(String key) {
    return value(key, type(key), 0);
  }

  private int type(String key) {
    int type = u32(key);
    if (type < 0 || type >= TYPES) {
      throw file.broken(
          "type of '" + key + "'", Integer.toUnsignedString(type), "0 to " + (TYPES - 1));
    }
    return type;
  }

  Object value(String key, int type, int depth) {
    return switch (type) {
      case STRING -> string(key, in.byteSize());
      case ARRAY -> array(key, depth);
      default -> number(key, type);
    };
  }

  private Object number(String key, int type) {
    long start = take(key, BYTES[type]);
    return switch (type) {
      case 0 -> (long) in.get(JAVA_BYTE, start) & 0xff;
      case 1 -> (long) in.get(JAVA_BYTE, start);
      case 2 -> (long) in.get(Values.SHORT, start) & 0xffff;
      case 3 -> (long) in.get(Values.SHORT, start);
      case 4 -> (long) in.get(Values.INT, start) & 0xffffffffL;
      case 5 -> (long) in.get(Values.INT, start);
      case 6 -> (double) in.get(Values.FLOAT, start);
      case BOOL -> truth(key, in.get(JAVA_BYTE, start));
      case 10, 11 -> in.get(Values.LONG, start);
      default -> in.get(Values.DOUBLE, start);
    };
  }

  private Boolean truth(String key, byte value) {
    if (value != 0 && value != 1) {
      throw file.broken(key, value & 0xff, "0 or 1");
    }
    return value == 1;
  }

  /** Steps over an array, checking it; its values are read when they are asked for. */
  private GgufArray array(String key, int depth) {
    if (depth == MAX_DEPTH) {
      throw file.broken("arrays in '" + key + "'", "deeper", "at most " + MAX_DEPTH + " levels");
    }
    int type = type(key);
    long count = count("values in '" + key + "'", BYTES[type], Integer.MAX_VALUE);
    long start = at;
    if (type == STRING) {
      for (long i = 0; i < count; i++) {
        long length = u64(key);
        take(key, length);
      }
    } else if (type == ARRAY) {
      for (long i = 0; i < count; i++) {
        array(key, depth + 1);
      }
    } else {
      take(key, count * BYTES[type]);
    }
    return new GgufArray(key, file, type, (int) count, in.asSlice(start, at - start));
  }
}
