package dev.anabranch.torch.files;

import java.util.ArrayList;
import java.util.List;

/**
 * An array in the metadata of a GGUF file. Its values stay in the file until they are asked for;
 * valid while the file is open. Immutable; safe from any thread.
 */
public final class GgufArray {
  private final String key;
  private final Mapped file;
  private final int type;
  private final int size;
  private final java.lang.foreign.MemorySegment bytes;

  GgufArray(String key, Mapped file, int type, int size, java.lang.foreign.MemorySegment bytes) {
    this.key = key;
    this.file = file;
    this.type = type;
    this.size = size;
    this.bytes = bytes;
  }

  public int size() {
    return size;
  }

  /** Booleans, longs, doubles, texts or arrays. */
  public List<Object> values() {
    var in = new GgufReader(file, bytes);
    var out = new ArrayList<Object>(size);
    for (int i = 0; i < size; i++) {
      out.add(in.value(key, type, 0));
    }
    return out;
  }

  /** The texts of an array of texts. */
  public List<String> strings() {
    require(type == GgufReader.STRING, "texts");
    var in = new GgufReader(file, bytes);
    var out = new ArrayList<String>(size);
    for (int i = 0; i < size; i++) {
      out.add(in.string(key, bytes.byteSize()));
    }
    return out;
  }

  /** The numbers of an array of numbers. */
  public double[] numbers() {
    double[] out = new double[size];
    var in = new GgufReader(file, bytes);
    for (int i = 0; i < size; i++) {
      var value = in.value(key, type, 0);
      require(value instanceof Number, "numbers");
      out[i] = value instanceof Number number ? number.doubleValue() : 0;
    }
    return out;
  }

  private void require(boolean holds, String expected) {
    if (!holds) {
      throw file.broken(key, "an array of type " + type, "an array of " + expected);
    }
  }

  @Override
  public String toString() {
    return "array of " + size;
  }
}
