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

  private final JsonScanner in;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  SafeTensorsHeader(Mapped file, String text) {
    in =
        new JsonScanner(
            text,
            (at, found, expected) ->
                file.broken(
                    "header at " + at,
                    found.startsWith("'") ? "character " + found : found,
                    expected));
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
    if (!in.ended()) {
      throw in.broken("the end of the header");
    }
    return entries;
  }

  private void metadata(String key) {
    if (metadata.put(key, in.string()) != null) {
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
        case "dtype" -> type[0] = in.string();
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
    for (boolean more = in.opens('{', '}'); more; more = in.more('}')) {
      member.read(in.key());
    }
  }

  private List<Long> integers() {
    var values = new ArrayList<Long>();
    for (boolean more = in.opens('[', ']'); more; more = in.more(']')) {
      if (values.size() == MAX_RANK) {
        throw broken("more than " + MAX_RANK + " numbers", "at most " + MAX_RANK);
      }
      in.peek();
      String digits = in.run("0123456789");
      if (digits.isEmpty() || digits.length() > 18) {
        throw broken("number of " + digits.length() + " digits", "1 to 18 digits");
      }
      values.add(Long.valueOf(digits));
    }
    return values;
  }

  private AnabranchException broken(String found, String expected) {
    return in.broken(found, expected);
  }
}
