package dev.anabranch.core;

import dev.anabranch.core.internal.Nearest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The checked settings of one {@link Kind} or of one section of a plan: every knob has a value of
 * its type and within its range. Immutable.
 */
public final class Settings {
  /** YAML's null within a mapping: of a text, that it is not given; of anything else, refused. */
  private static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  private final String path;
  private final Map<String, Object> values;
  private final Map<String, Choice> chosen;

  /** What a {@link Knob.OneOf} was set to. */
  private record Choice(Kind<?> kind, Settings settings) {}

  private Settings(String path, Map<String, Object> values, Map<String, Choice> chosen) {
    this.path = path;
    this.values = values;
    this.chosen = chosen;
  }

  /**
   * Reads settings as they stand in a plan.
   *
   * @param path where they stand, such as {@code method.sfprompt}; prefixes every message
   * @param given keys and values as a YAML or JSON reader gives them: String, Boolean, Number,
   *     List, Map
   * @throws AnabranchException for an unknown key (with the nearest known one), a wrong type or a
   *     value out of range
   */
  public static Settings read(String path, List<Knob> knobs, Map<String, ?> given) {
    var known = knobs.stream().map(Knob::name).toList();
    for (var key : given.keySet()) {
      if (!known.contains(key)) {
        throw new AnabranchException(
            Failure.PLAN,
            join(path, key) + ": unknown key (expected: " + Nearest.hint(key, known) + ")");
      }
    }
    var values = new LinkedHashMap<String, Object>();
    var chosen = new LinkedHashMap<String, Choice>();
    for (var knob : knobs) {
      var raw = given.containsKey(knob.name()) ? given.get(knob.name()) : knob.standard();
      var at = join(path, knob.name());
      if (knob instanceof Knob.OneOf oneOf) {
        var choice = choose(at, oneOf, raw);
        chosen.put(knob.name(), choice);
        values.put(knob.name(), Map.of(choice.kind().name(), choice.settings().toMap()));
      } else {
        values.put(knob.name(), value(at, knob, raw));
      }
    }
    return new Settings(path, values, chosen);
  }

  private static Choice choose(String at, Knob.OneOf knob, @Nullable Object raw) {
    var names = knob.kinds().stream().map(Kind::name).toList();
    String word;
    Map<String, ?> inner = Map.of();
    if (raw instanceof String text) {
      word = text;
    } else if (raw instanceof Map<?, ?> map && map.size() == 1) {
      var entry = map.entrySet().iterator().next();
      word = String.valueOf(entry.getKey());
      inner = section(join(at, word), entry.getValue());
    } else {
      throw AnabranchException.expected(
          Failure.PLAN,
          at,
          raw,
          "one of " + String.join(", ", names) + ", alone or with its settings");
    }
    for (var kind : knob.kinds()) {
      if (kind.answersTo(word)) {
        return new Choice(kind, read(join(at, kind.name()), kind.knobs(), inner));
      }
    }
    throw AnabranchException.expected(Failure.PLAN, at, word, Nearest.hint(word, names));
  }

  /** A nested mapping with text keys; an absent one is empty. */
  public static Map<String, ?> section(String at, @Nullable Object raw) {
    if (raw == null) {
      return Map.of();
    }
    if (raw instanceof Map<?, ?> map) {
      var copy = new LinkedHashMap<String, Object>();
      map.forEach((k, v) -> copy.put(String.valueOf(k), v == null ? NULL : v));
      return copy;
    }
    throw AnabranchException.expected(Failure.PLAN, at, raw, "a mapping of keys to values");
  }

  private static Object value(String at, Knob knob, @Nullable Object raw) {
    return switch (knob) {
      case Knob.Int k -> {
        if (raw instanceof Number n && n.doubleValue() == n.longValue()) {
          long v = n.longValue();
          Check.that(v >= k.min() && v <= k.max(), at, v, range(k.min(), k.max(), Long.MAX_VALUE));
          yield v;
        }
        throw AnabranchException.expected(Failure.PLAN, at, raw, "a whole number");
      }
      case Knob.Real k -> {
        if (raw instanceof Number n) {
          double v = n.doubleValue();
          Check.that(
              v >= k.min() && v <= k.max(), at, v, range(k.min(), k.max(), Double.MAX_VALUE));
          yield v;
        }
        throw AnabranchException.expected(Failure.PLAN, at, raw, "a number");
      }
      case Knob.Flag k -> {
        if (raw instanceof Boolean) {
          yield raw;
        }
        throw AnabranchException.expected(Failure.PLAN, at, raw, "true or false");
      }
      case Knob.Text k when NULL.equals(raw) -> "";
      case Knob.Text k -> {
        if (raw instanceof String || raw instanceof Number || raw instanceof Boolean) {
          yield String.valueOf(raw);
        }
        throw AnabranchException.expected(Failure.PLAN, at, raw, "a text");
      }
      case Knob.Choice k -> {
        var word = String.valueOf(raw);
        Check.that(k.values().contains(word), at, word, "one of " + String.join(", ", k.values()));
        yield word;
      }
      case Knob.Words k -> {
        if (raw instanceof List<?> list) {
          yield list.stream().map(String::valueOf).toList();
        }
        if (raw instanceof String text) {
          yield List.of(text);
        }
        throw AnabranchException.expected(Failure.PLAN, at, raw, "a list of words");
      }
      case Knob.OneOf k -> throw new IllegalStateException("read by choose(): " + k.name());
    };
  }

  private static String range(Number min, Number max, Number open) {
    return max.equals(open) ? "at least " + min : min + " to " + max;
  }

  private static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /** Where these settings stand in the plan. */
  public String path() {
    return path;
  }

  /** Whether there is such a key here. */
  public boolean has(Knob knob) {
    return values.containsKey(knob.name());
  }

  public int integer(Knob.Int knob) {
    return Math.toIntExact((Long) get(knob));
  }

  public long whole(Knob.Int knob) {
    return (Long) get(knob);
  }

  public double real(Knob.Real knob) {
    return (Double) get(knob);
  }

  public boolean flag(Knob.Flag knob) {
    return (Boolean) get(knob);
  }

  public String text(Knob.Text knob) {
    return (String) get(knob);
  }

  public String choice(Knob.Choice knob) {
    return (String) get(knob);
  }

  @SuppressWarnings("unchecked")
  public List<String> words(Knob.Words knob) {
    return (List<String>) get(knob);
  }

  /** Builds what a nested choice was set to. */
  public <T> T make(Knob.OneOf knob, Class<T> type) {
    var choice = Objects.requireNonNull(chosen.get(knob.name()), knob.name());
    return type.cast(choice.kind().make().apply(choice.settings()));
  }

  /** The name that a nested choice was set to. */
  public String chosen(Knob.OneOf knob) {
    return Objects.requireNonNull(chosen.get(knob.name()), knob.name()).kind().name();
  }

  private Object get(Knob knob) {
    return Objects.requireNonNull(values.get(knob.name()), knob.name());
  }

  /**
   * Every key with its value, defaults filled in, in the order of declaration: what a run record
   * keeps.
   */
  public Map<String, Object> toMap() {
    return values.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
  }
}
