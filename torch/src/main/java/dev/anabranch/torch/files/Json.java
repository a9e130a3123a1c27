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

  private final String where;
  private final String text;
  private int at;

  private Json(String where, String text) {
    this.where = where;
    this.text = text;
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
    var json = new Json(where, text);
    var value = json.value(0);
    json.skipBlanks();
    if (json.at != text.length() || !(value instanceof Map<?, ?> map)) {
      throw json.broken("one object");
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
      throw broken("at most " + MAX_DEPTH + " levels");
    }
    char next = peek();
    return switch (next) {
      case '{' -> map(depth);
      case '[' -> list(depth);
      case '"' -> string();
      case 't' -> word("true", Boolean.TRUE);
      case 'f' -> word("false", Boolean.FALSE);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private Map<String, Object> map(int depth) {
    var out = new LinkedHashMap<String, Object>();
    at++;
    if (peek() == '}') {
      at++;
      return out;
    }
    do {
      if (peek() != '"') {
        throw broken("a key");
      }
      String key = string();
      if (peek() != ':') {
        throw broken("':'");
      }
      at++;
      var value = value(depth + 1);
      if (value != null && out.put(key, value) != null) {
        throw broken("key '" + key + "' once");
      }
    } while (more('}'));
    return out;
  }

  private List<Object> list(int depth) {
    var out = new ArrayList<Object>();
    at++;
    if (peek() == ']') {
      at++;
      return out;
    }
    do {
      var value = value(depth + 1);
      if (value != null) {
        out.add(value);
      }
    } while (more(']'));
    return out;
  }

  private boolean more(char close) {
    char next = peek();
    if (next != ',' && next != close) {
      throw broken("',' or '" + close + "'");
    }
    at++;
    return next == ',';
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    if (!text.startsWith(word, at)) {
      throw broken(word);
    }
    at += word.length();
    return value;
  }

  private Double number() {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    try {
      return Double.valueOf(text.substring(start, at));
    } catch (NumberFormatException e) {
      at = start;
      throw broken("a value");
    }
  }

  private String string() {
    var out = new StringBuilder();
    at++;
    while (at < text.length()) {
      char next = text.charAt(at++);
      if (next == '"') {
        return out.toString();
      }
      if (next == '\\') {
        next = escaped();
      }
      out.append(next);
    }
    throw broken("'\"'");
  }

  private char escaped() {
    char next = at < text.length() ? text.charAt(at++) : ' ';
    return switch (next) {
      case '"', '\\', '/' -> next;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        if (at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
          throw broken("four hexadecimal digits");
        }
        at += 4;
        yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
      }
      default -> throw broken("one of JSON's escapes");
    };
  }

  private char peek() {
    skipBlanks();
    if (at >= text.length()) {
      throw broken("more");
    }
    return text.charAt(at);
  }

  private void skipBlanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private AnabranchException broken(String expected) {
    String found = at < text.length() ? "'" + text.charAt(at) + "'" : "the end";
    return AnabranchException.expected(Failure.CORRUPT, where, found + " at " + at, expected);
  }
}
