package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a model under the keys of {@code config.json}. A missing or senseless one is
 * refused by its name, with failure MODEL.
 */
public record ConfigMap(String where, Map<String, Object> values) {
  private static final long MOST = 1L << 31;

  private AnabranchException bad(String key, @Nullable Object found, String expected) {
    return AnabranchException.expected(
        Failure.MODEL, where + ": " + key, found == null ? "missing" : found, expected);
  }

  /** Whether there is such a key. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** A size, at least 1. */
  public int size(String key) {
    return size(key, values.get(key));
  }

  /** A size, at least 1; the standard if it is missing. */
  public int size(String key, int standard) {
    var found = values.get(key);
    return found == null ? standard : size(key, found);
  }

  private int size(String key, @Nullable Object found) {
    if (!(found instanceof Number n)
        || n.doubleValue() < 1
        || n.doubleValue() >= MOST
        || n.doubleValue() != Math.rint(n.doubleValue())) {
      throw bad(key, found, "a whole number of at least 1");
    }
    return n.intValue();
  }

  /** A positive number; the standard if it is missing. */
  public double positive(String key, double standard) {
    var found = values.getOrDefault(key, standard);
    if (!(found instanceof Number n) || !(n.doubleValue() > 0) || n.doubleValue() > 1e30) {
      throw bad(key, found, "a number above 0");
    }
    return n.doubleValue();
  }

  /** True or false; the standard if it is missing. */
  public boolean flag(String key, boolean standard) {
    var found = values.getOrDefault(key, standard);
    if (!(found instanceof Boolean b)) {
      throw bad(key, found, "true or false");
    }
    return b;
  }

  /** A text; the standard if it is missing. */
  public String text(String key, String standard) {
    var found = values.getOrDefault(key, standard);
    if (!(found instanceof String s)) {
      throw bad(key, found, "a text");
    }
    return s;
  }

  /** Refuses any value of a key but one of these; the first is the standard. */
  public String oneOf(String key, List<String> words) {
    var found = text(key, words.get(0));
    if (!words.contains(found)) {
      throw bad(key, found, "one of " + String.join(", ", words));
    }
    return found;
  }

  /** Refuses a value, saying what is expected of it. */
  public void require(boolean sound, String key, String expected) {
    if (!sound) {
      throw bad(key, values.get(key), expected);
    }
  }

  /** A map within; empty if it is missing. */
  public ConfigMap inner(String key) {
    var found = values.get(key);
    if (found == null) {
      return new ConfigMap(where + ": " + key, Map.of());
    }
    if (!(found instanceof Map<?, ?> map)) {
      throw bad(key, found, "an object");
    }
    var out = new LinkedHashMap<String, Object>();
    map.forEach((k, v) -> out.put(String.valueOf(k), v));
    return new ConfigMap(where + ": " + key, out);
  }
}
