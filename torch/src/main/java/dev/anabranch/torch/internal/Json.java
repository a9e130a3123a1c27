package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a small JSON document, such as a {@code config.json}, into maps, lists, texts, doubles and
 * booleans. Not thread-safe.
 */
final class Json {
  private static final int MAX_DEPTH = 32;

  private final String where;
  private final String text;
  private int at;

  private Json(String where, String text) {
    this.where = where;
    this.text = text;
  }

  /** Reads an object; a null value is left out. */
  static Map<String, Object> object(String where, String text) {
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
      if (value != null) {
        out.put(key, value);
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

  private IllegalArgumentException broken(String expected) {
    String found = at < text.length() ? "'" + text.charAt(at) + "'" : "the end";
    return new IllegalArgumentException(
        where + ": " + found + " at " + at + " (expected: " + expected + ")");
  }
}
