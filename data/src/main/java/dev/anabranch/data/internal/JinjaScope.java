package dev.anabranch.data.internal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names that a place in a template sees. Not thread-safe. */
final class JinjaScope {
  private static final int MAX_STEPS = 1_000_000;
  private static final int MAX_TEXT = 1 << 24;

  private final @Nullable JinjaScope outer;
  private final Map<String, Object> names;
  private final int[] steps;

  JinjaScope(Map<String, Object> names) {
    this(null, new HashMap<>(names), new int[1]);
  }

  private JinjaScope(@Nullable JinjaScope outer, Map<String, Object> names, int[] steps) {
    this.outer = outer;
    this.names = names;
    this.steps = steps;
  }

  /** What is set inside a loop is not seen outside. */
  JinjaScope inner(String name, Object value) {
    step();
    var inner = new JinjaScope(this, new HashMap<>(), steps);
    inner.set(name, value);
    return inner;
  }

  Object get(String name) {
    for (JinjaScope scope = this; scope != null; scope = scope.outer) {
      var value = scope.names.get(name);
      if (value != null) {
        return value;
      }
    }
    return JinjaValues.Nothing.UNDEFINED;
  }

  void set(String name, Object value) {
    names.put(name, value);
  }

  /** Counts a step of the evaluation. */
  void step() {
    if (++steps[0] > MAX_STEPS) {
      throw Jinja.refused("more than " + MAX_STEPS + " steps", "at most that");
    }
  }

  void write(StringBuilder out, String text) {
    if (out.length() + text.length() > MAX_TEXT) {
      throw Jinja.refused("a text beyond " + MAX_TEXT + " characters", "at most that");
    }
    out.append(text);
  }
}
