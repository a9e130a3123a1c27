package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Parses the JSON header of a safetensors file: an object of objects, nothing more.
 *
 * <p>Accepts exactly what the format allows (strings, and arrays of non-negative integers) and
 * names the byte at which anything else was found. Not thread-safe.
 */
final class SafeTensorsHeader {
  /** One tensor of the header; offsets count from the end of the header. */
  record Entry(String type, long[] shape, long begin, long end) {}

  private static final int MAX_RANK = 8;
  private static final int MAX_ENTRIES = 1 << 20;

  private final Mapped file;
  private final String text;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private int at;

  SafeTensorsHeader(Mapped file, String text) {
    this.file = file;
    this.text = text;
  }

  Map<String, String> metadata() {
    return metadata;
  }

  Map<String, Entry> parse() {
    object(name -> {
      if (name.equals("__metadata__")) {
        object(this::metadata);
      } else if (entries.put(name, entry(name)) != null) {
        throw broken("tensor '" + name + "' twice", "once");
      }
      if (entries.size() > MAX_ENTRIES) {
        throw broken("more than " + MAX_ENTRIES + " tensors", "at most " + MAX_ENTRIES);
      }
    });
    skipBlanks();
    if (at != text.length()) {
      throw broken("character '" + text.charAt(at) + "'", "the end of the header");
    }
    return entries;
  }

  private void metadata(String key) {
    if (metadata.put(key, string()) != null) {
      throw broken("key '" + key + "' twice", "once");
    }
    if (metadata.size() > MAX_ENTRIES) {
      throw broken("more than " + MAX_ENTRIES + " texts", "at most " + MAX_ENTRIES);
    }
  }

  private interface Member {
    void read(String name);
  }

  private Entry entry(String name) {
    var type = new String[1];
    var lists = new LinkedHashMap<String, List<Long>>();
    object(key -> {
      switch (key) {
        case "dtype" -> type[0] = string();
        case "shape", "data_offsets" -> {
          if (lists.put(key, integers()) != null) {
            throw broken("key '" + key + "' twice", "once");
          }
        }
        default -> throw broken("key '" + key + "'", "dtype, shape or data_offsets");
      }
    });
    var offsets = lists.get("data_offsets");
    if (type[0] == null || !lists.containsKey("shape") || offsets == null || offsets.size() != 2) {
      throw broken("tensor '" + name + "' is incomplete", "dtype, shape and two data_offsets");
    }
    long[] shape = lists.get("shape").stream().mapToLong(Long::longValue).toArray();
    return new Entry(type[0], shape, offsets.get(0), offsets.get(1));
  }

  private void object(Member member) {
    expect('{');
    if (peek() == '}') {
      at++;
      return;
    }
    do {
      String key = string();
      expect(':');
      member.read(key);
    } while (more('}'));
  }

  private List<Long> integers() {
    var values = new ArrayList<Long>();
    expect('[');
    if (peek() == ']') {
      at++;
      return values;
    }
    do {
      if (values.size() == MAX_RANK) {
        throw broken("more than " + MAX_RANK + " numbers", "at most " + MAX_RANK);
      }
      values.add(integer());
    } while (more(']'));
    return values;
  }

  private boolean more(char close) {
    char next = peek();
    if (next != ',' && next != close) {
      throw broken("character '" + next + "'", "',' or '" + close + "'");
    }
    at++;
    return next == ',';
  }

  private long integer() {
    skipBlanks();
    int start = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    if (at == start || at - start > 18) {
      throw broken("number of " + (at - start) + " digits", "1 to 18 digits");
    }
    return Long.parseLong(text.substring(start, at));
  }

  private String string() {
    expect('"');
    var value = new StringBuilder();
    while (at < text.length()) {
      char next = text.charAt(at++);
      if (next == '"') {
        return value.toString();
      }
      if (next < ' ') {
        throw broken("control character " + (int) next, "text");
      }
      value.append(next == '\\' ? escaped() : next);
    }
    throw broken("end of the header", "'\"'");
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
          throw broken("escape", "four hexadecimal digits");
        }
        at += 4;
        yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
      }
      default -> throw broken("escape '\\" + next + "'", "one of JSON's");
    };
  }

  private void expect(char expected) {
    if (peek() != expected) {
      throw broken("character '" + text.charAt(at) + "'", "'" + expected + "'");
    }
    at++;
  }

  private char peek() {
    skipBlanks();
    if (at == text.length()) {
      throw broken("end of the header", "more");
    }
    return text.charAt(at);
  }

  private void skipBlanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private AnabranchException broken(String found, String expected) {
    return file.broken("header at " + at, found, expected);
  }
}
