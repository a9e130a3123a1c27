package dev.anabranch.torch.files;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF files for tests, sound or not. Not thread-safe. */
final class GgufBytes {
  private final ByteArrayOutputStream pairs = new ByteArrayOutputStream();
  private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
  private final List<byte[]> values = new ArrayList<>();
  private int version = 3;
  private int alignment = 32;
  private long pairCount;
  private long tensorCount;
  private long offset;

  static byte[] le(int bytes, long value) {
    return java.util.Arrays.copyOf(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array(), bytes);
  }

  static byte[] text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return join(le(8, utf8.length), utf8);
  }

  static byte[] join(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (var part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  GgufBytes version(int value) {
    version = value;
    return this;
  }

  GgufBytes alignment(int value) {
    alignment = value;
    return put("general.alignment", 4, le(4, value));
  }

  /** A value by its type's number. */
  GgufBytes put(String key, int type, byte[] value) {
    pairs.writeBytes(join(text(key), le(4, type), value));
    pairCount++;
    return this;
  }

  GgufBytes put(String key, String value) {
    return put(key, 8, text(value));
  }

  GgufBytes put(String key, int value) {
    return put(key, 4, le(4, value));
  }

  GgufBytes put(String key, float value) {
    return put(key, 6, le(4, Float.floatToIntBits(value)));
  }

  GgufBytes put(String key, boolean value) {
    return put(key, 7, le(1, value ? 1 : 0));
  }

  GgufBytes texts(String key, List<String> all) {
    var out = new ByteArrayOutputStream();
    all.forEach(one -> out.writeBytes(text(one)));
    return put(key, 9, join(le(4, 8), le(8, all.size()), out.toByteArray()));
  }

  GgufBytes ints(String key, int... all) {
    var out = new ByteArrayOutputStream();
    for (int one : all) {
      out.writeBytes(le(4, one));
    }
    return put(key, 9, join(le(4, 5), le(8, all.length), out.toByteArray()));
  }

  GgufBytes floats(String key, float... all) {
    var out = new ByteArrayOutputStream();
    for (float one : all) {
      out.writeBytes(le(4, Float.floatToIntBits(one)));
    }
    return put(key, 9, join(le(4, 6), le(8, all.length), out.toByteArray()));
  }

  /** A tensor of a type by its number; the shape has the slowest axis first. */
  GgufBytes tensor(String name, int type, byte[] bytes, long... shape) {
    infos.writeBytes(join(text(name), le(4, shape.length)));
    for (int i = shape.length - 1; i >= 0; i--) {
      infos.writeBytes(le(8, shape[i]));
    }
    infos.writeBytes(join(le(4, type), le(8, offset)));
    byte[] padded =
        java.util.Arrays.copyOf(bytes, (bytes.length + alignment - 1) / alignment * alignment);
    values.add(padded);
    offset += padded.length;
    tensorCount++;
    return this;
  }

  /** A tensor of floats. */
  GgufBytes tensor(String name, float[] all, long... shape) {
    var out = ByteBuffer.allocate(4 * all.length).order(ByteOrder.LITTLE_ENDIAN);
    out.asFloatBuffer().put(all);
    return tensor(name, 0, out.array(), shape);
  }

  byte[] bytes() {
    byte[] head =
        join(
            "GGUF".getBytes(StandardCharsets.US_ASCII),
            le(4, version),
            le(8, tensorCount),
            le(8, pairCount),
            pairs.toByteArray(),
            infos.toByteArray());
    byte[] padded =
        java.util.Arrays.copyOf(head, (head.length + alignment - 1) / alignment * alignment);
    return join(padded, join(values.toArray(byte[][]::new)));
  }
}
