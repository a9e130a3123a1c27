package dev.anabranch.torch.internal;

import dev.anabranch.torch.files.Json;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, texts, numbers and booleans as indented JSON, as {@link Json} reads them. */
public final class JsonText {
  private final StringBuilder out = new StringBuilder();

  private JsonText() {}

  /**
   * The text of a value, with a line end; a number without a fraction is written as a whole one.
   */
  public static String of(Map<String, ?> value) {
    var text = new JsonText();
    text.value(value, "\n");
    return text.out.append('\n').toString();
  }

  private void value(@Nullable Object value, String line) {
    switch (value) {
      case null -> out.append("null");
      case Map<?, ?> map -> {
        char open = '{';
        for (var entry : map.entrySet()) {
          out.append(open).append(line).append("  ");
          quote(String.valueOf(entry.getKey()));
          out.append(": ");
          value(entry.getValue(), line + "  ");
          open = ',';
        }
        out.append(map.isEmpty() ? "{}" : line + "}");
      }
      case Collection<?> list -> {
        char open = '[';
        for (var each : list) {
          out.append(open).append(open == ',' ? " " : "");
          value(each, line + "  ");
          open = ',';
        }
        out.append(list.isEmpty() ? "[]" : "]");
      }
      case Double number when number == Math.rint(number) && Math.abs(number) < 1e15 ->
          out.append(number.longValue());
      case Number number -> out.append(number);
      case Boolean flag -> out.append(flag);
      default -> quote(String.valueOf(value));
    }
  }

  private void quote(String text) {
    out.append('"');
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\n' -> out.append("\\n");
        default -> {
          if (c < ' ') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
