package dev.anabranch.app.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.record.Json;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PlanSchemaTest {
  private static final Map<String, Object> SCHEMA = PlanSchema.of(TestCatalog.of());

  @Test
  void hasEveryKeyOfAFilledInPlan() {
    var plan = RunPlan.parse(TestCatalog.of(), "", "");
    assertThat(object(Objects.requireNonNull(SCHEMA.get("properties"))).keySet())
        .containsExactlyInAnyOrderElementsOf(plan.toMap().keySet());
  }

  /** The plan itself must be valid by the schema: a validator of the few words that it uses. */
  @Test
  void filledInPlanIsValid() {
    var plan =
        RunPlan.parse(TestCatalog.of(), "", "codecs: {update: topk}\nfaults: {visits: ['1@2']}");
    assertThat(valid(SCHEMA, plan.toMap())).isTrue();
  }

  @Test
  void mistakesAreInvalid() {
    assertThat(valid(SCHEMA, Map.of("sed", 1))).isFalse();
    assertThat(valid(SCHEMA, Map.of("seed", -1))).isFalse();
    assertThat(valid(SCHEMA, Map.of("seed", "x"))).isFalse();
    assertThat(valid(SCHEMA, Map.of("method", "sfpromt"))).isFalse();
    assertThat(valid(SCHEMA, Map.of("method", Map.of("sfprompt", Map.of("round", 1))))).isFalse();
    assertThat(valid(SCHEMA, Map.of("method", Map.of("sfprompt", Map.of("rounds", 1))))).isTrue();
  }

  @Test
  void isJson() {
    assertThat(Json.compact(SCHEMA))
        .startsWith("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> object(Object value) {
    return (Map<String, Object>) value;
  }

  @SuppressWarnings("unchecked")
  private static boolean valid(Map<String, Object> schema, Object value) {
    if (schema.get("enum") instanceof List<?> words && !words.contains(value)) {
      return false;
    }
    if (schema.get("oneOf") instanceof List<?> list
        && list.stream().filter(s -> valid(object(s), value)).count() != 1) {
      return false;
    }
    if (schema.get("anyOf") instanceof List<?> list
        && list.stream().noneMatch(s -> valid(object(s), value))) {
      return false;
    }
    if (schema.get("type") instanceof String type && !isType(type, value)) {
      return false;
    }
    if (schema.get("type") instanceof List<?> types
        && types.stream().noneMatch(type -> isType((String) type, value))) {
      return false;
    }
    if (value instanceof Number n) {
      return (!(schema.get("minimum") instanceof Number min)
              || n.doubleValue() >= min.doubleValue())
          && (!(schema.get("maximum") instanceof Number max)
              || n.doubleValue() <= max.doubleValue());
    }
    if (value instanceof List<?> list && schema.get("items") != null) {
      return list.stream().allMatch(v -> valid(object(schema.get("items")), v));
    }
    return !(value instanceof Map<?, ?> map) || validObject(schema, object(map));
  }

  private static boolean validObject(Map<String, Object> schema, Map<String, Object> map) {
    var properties =
        schema.get("properties") == null
            ? Map.<String, Object>of()
            : object(schema.get("properties"));
    if (schema.get("required") instanceof List<?> required && !map.keySet().containsAll(required)) {
      return false;
    }
    for (var entry : map.entrySet()) {
      var inner = properties.get(entry.getKey());
      if (inner == null) {
        if (schema.get("additionalProperties") instanceof Boolean more && !more) {
          return false;
        }
        inner = schema.get("additionalProperties");
      }
      if (inner instanceof Map<?, ?> s && !valid(object(s), entry.getValue())) {
        return false;
      }
    }
    return true;
  }

  private static boolean isType(String type, Object value) {
    return switch (type) {
      case "object" -> value instanceof Map;
      case "array" -> value instanceof List;
      case "integer" -> value instanceof Integer || value instanceof Long;
      case "number" -> value instanceof Number;
      case "boolean" -> value instanceof Boolean;
      default -> value instanceof String;
    };
  }
}
