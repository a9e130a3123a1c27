package dev.anabranch.core;

import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * A named thing that a plan can choose, with its settings: a method, a partitioner, a source, a
 * parameterisation.
 *
 * @param name as written in a plan and printed by {@code anabranch list}
 * @param aliases other names that users of the field know
 * @param about one sentence
 * @param knobs its settings
 * @param make builds it from checked settings
 */
public record Kind<T>(
    String name, List<String> aliases, String about, List<Knob> knobs, Function<Settings, T> make) {
  public Kind {
    aliases = List.copyOf(aliases);
    knobs = List.copyOf(knobs);
    var names = knobs.stream().map(Knob::name).toList();
    if (names.size() > Set.copyOf(names).size()) {
      throw new IllegalArgumentException(
          "knobs of " + name + ": " + names + " (expected: each name once)");
    }
  }

  public static <T> Kind<T> of(
      String name, String about, List<Knob> knobs, Function<Settings, T> make) {
    return new Kind<>(name, List.of(), about, knobs, make);
  }

  public boolean answersTo(String word) {
    return name.equals(word) || aliases.contains(word);
  }
}
