package dev.anabranch.data.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the values of a template can do: texts, whole numbers ({@link Long}), truth values, lists,
 * maps, and two kinds of nothing. Stateless; safe from any thread.
 */
final class JinjaValues {
  private static final int MAX_TEXT = 1 << 22;

  /** No value. */
  enum Nothing {
    NONE,
    UNDEFINED
  }

  private JinjaValues() {}

  static String text(Object value) {
    return switch (value) {
      case String text -> text;
      case Long number -> number.toString();
      case Boolean truth -> truth ? "True" : "False";
      case Nothing nothing -> nothing == Nothing.NONE ? "None" : "";
      default -> throw Jinja.refused("a " + kind(value) + " as text", "a text or a number");
    };
  }

  private static String kind(Object value) {
    return switch (value) {
      case String text -> "text";
      case Long number -> "number";
      case Boolean truth -> "truth value";
      case List<?> list -> "list";
      case Map<?, ?> map -> "map";
      case Nothing nothing -> nothing == Nothing.NONE ? "none" : "name that is not defined";
      default -> "value of another kind";
    };
  }

  static boolean truth(Object value) {
    return switch (value) {
      case Boolean truth -> truth;
      case String text -> !text.isEmpty();
      case Long number -> number != 0;
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> false;
    };
  }

  static List<?> list(Object value) {
    return switch (value) {
      case List<?> list -> list;
      case Map<?, ?> map -> List.copyOf(map.keySet());
      case Nothing nothing when nothing == Nothing.UNDEFINED -> List.of();
      default -> throw Jinja.refused("a loop over a " + kind(value), "a list");
    };
  }

  /** The variable {@code loop} at one of its values. */
  static Map<String, Object> loop(int i, List<Object> all) {
    var out = new HashMap<String, Object>();
    out.put("index0", (long) i);
    out.put("index", i + 1L);
    out.put("first", i == 0);
    out.put("last", i == all.size() - 1);
    out.put("length", (long) all.size());
    out.put("revindex", (long) all.size() - i);
    out.put("revindex0", all.size() - i - 1L);
    out.put("previtem", i == 0 ? Nothing.UNDEFINED : all.get(i - 1));
    out.put("nextitem", i == all.size() - 1 ? Nothing.UNDEFINED : all.get(i + 1));
    return out;
  }

  static Map<String, Object> namespace(List<String> names, List<Object> values) {
    var out = new HashMap<String, Object>();
    for (int i = 0; i < names.size(); i++) {
      out.put(names.get(i), values.get(i));
    }
    return out;
  }

  static void setField(Object namespace, String field, Object value) {
    if (!(namespace instanceof HashMap<?, ?> map)) { // a message is of another class
      throw Jinja.refused("a field of a " + kind(namespace), "a namespace");
    }
    @SuppressWarnings("unchecked") // namespaces alone are of this class, and made above
    var fields = (Map<String, Object>) map;
    fields.put(field, value);
  }

  static Object field(Object value, String field) {
    if (value instanceof Map<?, ?> map) {
      var found = map.get(field);
      return found == null ? Nothing.UNDEFINED : found;
    }
    if (value == Nothing.UNDEFINED) {
      throw Jinja.refused("field '" + field + "' of a " + kind(value), "a map");
    }
    return Nothing.UNDEFINED;
  }

  static Object item(Object value, Object key) {
    if (key instanceof String field) {
      return field(value, field);
    }
    long i = number(key);
    int size = size(value);
    long place = i < 0 ? i + size : i;
    if (place < 0 || place >= size) {
      return Nothing.UNDEFINED;
    }
    return value instanceof String text
        ? text.substring((int) place, (int) place + 1)
        : list(value).get((int) place);
  }

  static Object slice(Object value, Object from, Object to, Object step) {
    int size = size(value);
    long each = step == Nothing.NONE ? 1 : number(step);
    if (each == -1 && from == Nothing.NONE && to == Nothing.NONE) {
      return value instanceof String text
          ? new StringBuilder(text).reverse().toString()
          : new ArrayList<>(list(value)).reversed();
    }
    if (each != 1) {
      throw Jinja.refused("a slice with step " + each, "step 1, or all of it with step -1");
    }
    int first = bound(from, 0, size);
    int last = Math.max(first, bound(to, size, size));
    return value instanceof String text
        ? text.substring(first, last)
        : new ArrayList<>(list(value).subList(first, last));
  }

  private static int bound(Object value, int standard, int size) {
    if (value == Nothing.NONE) {
      return standard;
    }
    long i = number(value);
    return (int) Math.clamp(i < 0 ? i + size : i, 0L, size);
  }

  private static int size(Object value) {
    return value instanceof String text
        ? text.length()
        : value instanceof Map<?, ?> map ? map.size() : list(value).size();
  }

  private static long number(Object value) {
    return switch (value) {
      case Long number -> number;
      case Boolean truth -> truth ? 1 : 0;
      default -> throw Jinja.refused("a " + kind(value), "a whole number");
    };
  }

  static Object operate(String operator, Object left, Object right) {
    if (operator.equals("~")) {
      return joined(text(left), text(right));
    }
    if (operator.equals("+") && left instanceof String first && right instanceof String second) {
      return joined(first, second);
    }
    if (operator.equals("+") && left instanceof List<?> first && right instanceof List<?> second) {
      var all = new ArrayList<Object>(first);
      all.addAll(second);
      return all;
    }
    if (left instanceof String || right instanceof String) {
      throw Jinja.refused(
          "a " + kind(left) + " " + operator + " a " + kind(right), "two texts or two numbers");
    }
    long a = number(left);
    long b = number(right);
    if (b == 0 && (operator.equals("%") || operator.equals("//"))) {
      throw Jinja.refused("a division by 0", "another number");
    }
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "//" -> Math.floorDiv(a, b);
      default -> Math.floorMod(a, b);
    };
  }

  private static String joined(String first, String second) {
    if (first.length() + (long) second.length() > MAX_TEXT) {
      throw Jinja.refused("a text beyond " + MAX_TEXT + " characters", "at most that");
    }
    return first + second;
  }

  static boolean compare(String operator, Object left, Object right) {
    switch (operator) {
      case "==":
        return left.equals(right);
      case "!=":
        return !left.equals(right);
      case "in":
        return right instanceof String text && left instanceof String part
            ? text.contains(part)
            : right instanceof Map<?, ?> map ? map.containsKey(left) : list(right).contains(left);
      default:
    }
    int order =
        left instanceof String first && right instanceof String second
            ? first.compareTo(second)
            : Long.compare(number(left), number(right));
    return switch (operator) {
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      default -> order >= 0;
    };
  }

  static boolean test(String test, Object value) {
    return switch (test) {
      case "defined" -> value != Nothing.UNDEFINED;
      case "undefined" -> value == Nothing.UNDEFINED;
      case "none" -> value == Nothing.NONE;
      case "string" -> value instanceof String;
      case "mapping" -> value instanceof Map<?, ?>;
      case "number" -> value instanceof Long;
      case "boolean" -> value instanceof Boolean;
      case "true" -> value.equals(true);
      case "false" -> value.equals(false);
      case "iterable" ->
          value instanceof List<?> || value instanceof Map<?, ?> || value instanceof String;
      case "sequence" -> value instanceof List<?> || value instanceof String;
      default -> throw Jinja.refused("test '" + test + "'", "defined, none, string or the like");
    };
  }

  static Object filter(String filter, Object value, List<Object> arguments) {
    return switch (filter) {
      case "trim" -> text(value).strip();
      case "upper", "lower", "strip" -> call(text(value), filter, arguments);
      case "string" -> text(value);
      case "length", "count" -> (long) size(value);
      case "first" -> item(value, 0L);
      case "last" -> item(value, -1L);
      case "list" -> new ArrayList<>(list(value));
      case "default" ->
          value == Nothing.UNDEFINED ? arguments.isEmpty() ? "" : arguments.getFirst() : value;
      case "join" ->
          String.join(
              arguments.isEmpty() ? "" : text(arguments.getFirst()),
              list(value).stream().map(JinjaValues::text).toList());
      case "reverse" -> slice(value, Nothing.NONE, Nothing.NONE, -1L);
      default ->
          throw Jinja.refused(
              "filter '" + filter + "'",
              "trim, upper, lower, string, length, first, last, list, default, join or reverse");
    };
  }

  static Object call(Object value, String method, List<Object> arguments) {
    if (value instanceof Map<?, ?> map && method.equals("get") && !arguments.isEmpty()) {
      var found = map.get(text(arguments.getFirst()));
      return found != null ? found : arguments.size() > 1 ? arguments.get(1) : Nothing.NONE;
    }
    if (value instanceof String text) {
      var first = arguments.isEmpty() ? "" : text(arguments.getFirst());
      if (arguments.isEmpty()) {
        switch (method) {
          case "strip":
            return text.strip();
          case "lstrip":
            return text.stripLeading();
          case "rstrip":
            return text.stripTrailing();
          case "upper":
            return text.toUpperCase(Locale.ROOT);
          case "lower":
            return text.toLowerCase(Locale.ROOT);
          default:
        }
      } else if (!first.isEmpty() && arguments.size() == 1) {
        switch (method) {
          case "startswith":
            return text.startsWith(first);
          case "endswith":
            return text.endsWith(first);
          case "split":
            var parts = new ArrayList<Object>();
            Collections.addAll(
                parts, (Object[]) text.split(java.util.regex.Pattern.quote(first), -1));
            return parts;
          default:
        }
      }
    }
    throw Jinja.refused(
        "method '" + method + "' of a " + kind(value) + " with " + arguments.size() + " arguments",
        "get of a map; strip, lstrip, rstrip, upper, lower, startswith, endswith or split of a"
            + " text");
  }

  /** The text that a literal stands for. */
  static String unquoted(String literal) {
    var out = new StringBuilder();
    for (int i = 1; i < literal.length() - 1; i++) {
      char c = literal.charAt(i);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char next = literal.charAt(++i);
      switch (next) {
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'r' -> out.append('\r');
        case '\\', '\'', '"' -> out.append(next);
        default -> throw Jinja.refused("'\\" + next + "'", "\\n, \\t, \\r, \\\\ or a quote");
      }
    }
    return out.toString();
  }
}
