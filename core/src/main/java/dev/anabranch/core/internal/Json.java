package dev.anabranch.core.internal;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes plain values as JSON. */
public final class Json {
  private Json() {}

  /**
   * Appends a value: text, number, truth value, null, a list or array of these, or a map with text
   * keys. A number that JSON does not have, such as NaN, becomes null; anything else is written as
   * its text.
   */
  public static void write(StringBuilder out, @Nullable Object value) {
    switch (value) {
      case null -> out.append("null");
      case Double d when !Double.isFinite(d) -> out.append("null");
      case Float f when !Float.isFinite(f) -> out.append("null");
      case Number n -> out.append(n);
      case Boolean b -> out.append(b);
      case int[] ints -> {
        out.append('[');
        for (int i = 0; i < ints.length; i++) {
          out.append(i == 0 ? "" : ",").append(ints[i]);
        }
        out.append(']');
      }
      case Iterable<?> all -> {
        out.append('[');
        var separator = "";
        for (var one : all) {
          out.append(separator);
          write(out, one);
          separator = ",";
        }
        out.append(']');
      }
      case Map<?, ?> map -> {
        out.append('{');
        var separator = "";
        for (var e : map.entrySet()) {
          out.append(separator);
          text(out, String.valueOf(e.getKey()));
          out.append(':');
          write(out, e.getValue());
          separator = ",";
        }
        out.append('}');
      }
      default -> text(out, value.toString());
    }
  }

  private static void text(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20
              || c == 0x2028
              || c == 0x2029
              || Character.isSurrogate(c) && lonely(text, i)) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static boolean lonely(String text, int i) {
    char c = text.charAt(i);
    return Character.isHighSurrogate(c)
        ? i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))
        : i == 0 || !Character.isHighSurrogate(text.charAt(i - 1));
  }
}
