package dev.anabranch.app.plan;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sets keys of a plan anew: {@code data.holdout=0.2}, {@code method.sfprompt.rounds=4}, or, without
 * the name of what is chosen, {@code method.rounds=4}.
 */
record Overrides(PlanKeys keys) {
  /** YAML's null: of a text, that it is not given; of anything else, a value that is refused. */
  private static final String NULL = "null";

  Map<String, Object> apply(Map<String, ?> plan, String override) {
    int equals = override.indexOf('=');
    if (equals <= 0) {
      throw RunPlan.bad("--set", override, "key=value, as method.rounds=4");
    }
    var key = override.substring(0, equals).strip();
    var text = override.substring(equals + 1);
    var value = PlanText.read("--set " + key, text);
    var path = List.of(key.split("\\.", -1));
    return section(keys.root, "", plan, path, value != null ? value : text.isBlank() ? "" : NULL);
  }

  private Map<String, Object> section(
      Section section, String at, Map<String, ?> map, List<String> path, Object value) {
    var out = new LinkedHashMap<String, Object>(map);
    var key = path.getFirst();
    var rest = path.subList(1, path.size());
    if (at.isEmpty() && key.equals(PlanKeys.CODECS)) {
      out.put(key, rest.isEmpty() ? value : topic(map.get(key), rest, value));
      return out;
    }
    var known = new ArrayList<>(section.keys());
    if (at.isEmpty()) {
      known.add(PlanKeys.CODECS);
    }
    Words.requireKnown(at, known, List.of(key));
    var path2 = at.isEmpty() ? key : at + "." + key;
    Optional<Section> inner =
        section.sections().stream().filter(s -> s.name().equals(key)).findFirst();
    if (inner.isPresent() && !rest.isEmpty()) {
      var within = Settings.section(path2, map.get(key));
      out.put(key, section(inner.get(), path2, within, rest, value));
      return out;
    }
    var knob = section.knobs().stream().filter(k -> k.name().equals(key)).findFirst();
    out.put(key, knob.isPresent() ? set(knob.get(), path2, map.get(key), rest, value) : value);
    return out;
  }

  /** Topics may hold no dot, so the first word is the topic. */
  private Object topic(@Nullable Object codecs, List<String> path, Object value) {
    var out = new LinkedHashMap<String, Object>(Settings.section(PlanKeys.CODECS, codecs));
    var at = PlanKeys.CODECS + "." + path.getFirst();
    var rest = path.subList(1, path.size());
    out.put(path.getFirst(), set(keys.codec, at, out.get(path.getFirst()), rest, value));
    return out;
  }

  private Object set(Knob knob, String at, @Nullable Object now, List<String> path, Object value) {
    if (path.isEmpty()) {
      return knob instanceof Knob.Text && value.equals(NULL) ? "" : value;
    }
    if (!(knob instanceof Knob.OneOf oneOf)) {
      throw RunPlan.bad(
          at + "." + String.join(".", path), "unknown key", at + ", which has no keys within");
    }
    var chosen = name(now == null ? oneOf.standard() : now);
    var named = oneOf.kinds().stream().filter(kind -> kind.answersTo(path.getFirst())).findFirst();
    var rest = named.isPresent() ? path.subList(1, path.size()) : path;
    var kind =
        named.isPresent()
            ? named
            : oneOf.kinds().stream().filter(k -> k.answersTo(chosen)).findFirst();
    if (kind.isEmpty()) {
      throw RunPlan.bad(
          at, chosen, Words.hint(chosen, oneOf.kinds().stream().map(Kind::name).toList()));
    }
    if (rest.isEmpty()) {
      return Map.of(kind.get().name(), value);
    }
    var inner =
        kind.get().answersTo(chosen) && now instanceof Map<?, ?> map
            ? Settings.section(at, map.values().iterator().next())
            : Map.<String, Object>of();
    return Map.of(kind.get().name(), knob(kind.get(), at, inner, rest, value));
  }

  private Map<String, Object> knob(
      Kind<?> kind, String at, Map<String, ?> map, List<String> path, Object value) {
    var here = at + "." + kind.name();
    Words.requireKnown(
        here, kind.knobs().stream().map(Knob::name).toList(), List.of(path.getFirst()));
    var knob =
        kind.knobs().stream()
            .filter(k -> k.name().equals(path.getFirst()))
            .findFirst()
            .orElseThrow();
    var out = new LinkedHashMap<String, Object>(map);
    out.put(
        knob.name(),
        set(
            knob,
            here + "." + knob.name(),
            map.get(knob.name()),
            path.subList(1, path.size()),
            value));
    return out;
  }

  private static String name(Object chosen) {
    return chosen instanceof Map<?, ?> map && !map.isEmpty()
        ? String.valueOf(map.keySet().iterator().next())
        : String.valueOf(chosen);
  }
}
