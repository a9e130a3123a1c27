package dev.anabranch.app.plan;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The JSON Schema of a run plan, from the same declarations that read one. */
public final class PlanSchema {
  private PlanSchema() {}

  /** Draft 2020-12. */
  public static Map<String, Object> of(Catalog catalog) {
    var keys = new PlanKeys(catalog);
    var out = new LinkedHashMap<String, Object>();
    out.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    out.put("title", "Anabranch run plan");
    var root = section(keys.root);
    var properties = new LinkedHashMap<String, Object>();
    if (root.get("properties") instanceof Map<?, ?> map) {
      map.forEach((k, v) -> properties.put(String.valueOf(k), v));
    }
    var codecs = new LinkedHashMap<String, Object>();
    codecs.put("type", "object");
    codecs.put("description", "Value codecs by topic, in place of the method's own.");
    codecs.put("additionalProperties", knob(keys.codec));
    properties.put(PlanKeys.CODECS, codecs);
    root.put("properties", properties);
    out.putAll(root);
    return out;
  }

  private static Map<String, Object> section(Section section) {
    var properties = new LinkedHashMap<String, Object>();
    section.knobs().forEach(knob -> properties.put(knob.name(), knob(knob)));
    section.sections().forEach(inner -> properties.put(inner.name(), section(inner)));
    return object(section.about(), properties);
  }

  private static Map<String, Object> object(String about, Map<String, Object> properties) {
    var out = new LinkedHashMap<String, Object>();
    out.put("description", about);
    out.put("type", "object");
    out.put("properties", properties);
    out.put("additionalProperties", false);
    return out;
  }

  private static Map<String, Object> knob(Knob knob) {
    var out = new LinkedHashMap<String, Object>();
    out.put("description", knob.about());
    out.put("default", knob.standard());
    switch (knob) {
      case Knob.Int k -> {
        out.put("type", "integer");
        out.put("minimum", k.min());
        if (k.max() != Long.MAX_VALUE) {
          out.put("maximum", k.max());
        }
      }
      case Knob.Real k -> {
        out.put("type", "number");
        out.put("minimum", k.min());
        if (k.max() != Double.MAX_VALUE && Double.isFinite(k.max())) {
          out.put("maximum", k.max());
        }
      }
      case Knob.Flag k -> out.put("type", "boolean");
      case Knob.Text k -> out.put("type", List.of("string", "number", "boolean"));
      case Knob.Choice k -> out.put("enum", k.values());
      case Knob.Words k ->
          out.put(
              "anyOf",
              List.of(
                  Map.of("type", "array", "items", Map.of("type", "string")),
                  Map.of("type", "string")));
      case Knob.OneOf k -> out.put("oneOf", kinds(k));
    }
    return out;
  }

  /** Each name alone, or an object with that name as its only key. */
  private static List<Map<String, Object>> kinds(Knob.OneOf knob) {
    var names =
        knob.kinds().stream()
            .flatMap(k -> Stream.concat(Stream.of(k.name()), k.aliases().stream()));
    var out = new ArrayList<Map<String, Object>>();
    out.add(Map.of("enum", names.toList()));
    for (Kind<?> kind : knob.kinds()) {
      var settings = new LinkedHashMap<String, Object>();
      kind.knobs().forEach(inner -> settings.put(inner.name(), knob(inner)));
      var names2 = Stream.concat(Stream.of(kind.name()), kind.aliases().stream());
      names2.forEach(name -> {
        var one = object(kind.about(), Map.of(name, object(kind.about(), settings)));
        one.put("required", List.of(name));
        out.add(one);
      });
    }
    return out;
  }
}
