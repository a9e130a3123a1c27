package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as maps, lists, texts, numbers and booleans: reads a small document, such as a {@code
 * config.json}, and writes what Hugging Face reads. Numbers that are read are doubles.
 */
public final class Json {
  private static final int MAX_DEPTH = 32;
  private static final long MAX_FILE = 16 << 20;

  private final JsonScanner in;

  private Json(JsonScanner in) {
    this.in = in;
  }

  /**
   * Reads the object in a file; a null value is left out.
   *
   * @throws AnabranchException MODEL if it is missing or too large, CORRUPT if it is no JSON object
   */
  public static Map<String, Object> object(Path path) {
    try {
      if (!Files.isRegularFile(path)) {
        throw AnabranchException.expected(
            Failure.MODEL, String.valueOf(path.getFileName()), "missing", "the file " + path);
      }
      if (Files.size(path) > MAX_FILE) {
        throw AnabranchException.expected(
            Failure.MODEL, path + ": bytes", Files.size(path), "at most " + MAX_FILE);
      }
      return object(String.valueOf(path.getFileName()), Files.readString(path));
    } catch (CharacterCodingException e) {
      throw new AnabranchException(
          Failure.CORRUPT, path + ": no UTF-8 (expected: a JSON object)", e);
    } catch (IOException e) {
      throw Mapped.unreadable(path, e);
    }
  }

  /**
   * Reads an object; a null value is left out.
   *
   * @param where what messages call the text
   * @throws AnabranchException CORRUPT if it is no JSON object
   */
  public static Map<String, Object> object(String where, String text) {
    var in =
        new JsonScanner(
            text,
            (at, found, expected) ->
                AnabranchException.expected(Failure.CORRUPT, where, found + " at " + at, expected));
    var value = new Json(in).value(0);
    if (!in.ended() || !(value instanceof Map<?, ?> map)) {
      throw in.broken("one object");
    }
    var out = new LinkedHashMap<String, Object>();
    map.forEach((k, v) -> out.put(String.valueOf(k), v));
    return out;
  }

  /** Writes a value on one line. */
  public static String text(Object value) {
    var out = new StringBuilder();
    write(out, value);
    return out.toString();
  }

  private static void write(StringBuilder out, Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        String separator = "{";
        for (var entry : map.entrySet()) {
          quote(out.append(separator), String.valueOf(entry.getKey())).append(':');
          write(out, entry.getValue());
          separator = ",";
        }
        out.append(map.isEmpty() ? "{}" : "}");
      }
      case Iterable<?> all -> {
        String separator = "";
        out.append('[');
        for (Object one : all) {
          write(out.append(separator), one);
          separator = ",";
        }
        out.append(']');
      }
      case Number number -> out.append(number);
      case Boolean truth -> out.append(truth);
      default -> quote(out, value.toString());
    }
  }

  private static StringBuilder quote(StringBuilder out, String text) {
    out.append('"');
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"');
  }

  private @Nullable Object value(int depth) {
    if (depth > MAX_DEPTH) {
      throw in.broken("at most " + MAX_DEPTH + " levels");
    }
    return switch (in.peek()) {
      case '{' -> map(depth);
      case '[' -> list(depth);
      case '"' -> in.string();
      case 't' -> word("true", Boolean.TRUE);
      case 'f' -> word("false", Boolean.FALSE);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private Map<String, Object> map(int depth) {
    var out = new LinkedHashMap<String, Object>();
    for (boolean more = in.opens('{', '}'); more; more = in.more('}')) {
      String key = in.key();
      var value = value(depth + 1);
      if (value != null && out.put(key, value) != null) {
        throw in.broken("key '" + key + "' once");
      }
    }
    return out;
  }

  private List<Object> list(int depth) {
    var out = new ArrayList<Object>();
    for (boolean more = in.opens('[', ']'); more; more = in.more(']')) {
      var value = value(depth + 1);
      if (value != null) {
        out.add(value);
      }
    }
    return out;
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    in.word(word);
    return value;
  }

  private Double number() {
    try {
      return Double.valueOf(in.run("+-.eE0123456789"));
    } catch (NumberFormatException e) {
      throw in.broken("a value");
    }
  }
}
