package dev.anabranch.service.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/** JSON in and out. Thread-safe. */
final class Json {
  /** Refuses a key that stands twice, anything after the value, and deep nesting. */
  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(32).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An object out of a file of this program. */
  static JsonNode read(String name, String text) {
    return read(name, text, Failure.CORRUPT);
  }

  /** An object out of a text. */
  static JsonNode read(String name, String text, Failure failure) {
    try {
      var tree = MAPPER.readTree(text);
      if (!tree.isObject()) {
        throw AnabranchException.expected(failure, name, tree.getNodeType(), "a JSON object");
      }
      return tree;
    } catch (JsonProcessingException e) {
      throw new AnabranchException(
          failure, name + ": " + e.getOriginalMessage() + " (expected: JSON)", e);
    }
  }

  /** The fields of an object: numbers, flags, texts, and lists of texts. */
  static Map<String, Object> map(JsonNode object) {
    var out = new LinkedHashMap<String, Object>();
    object.properties().forEach(field -> out.put(field.getKey(), value(field.getValue())));
    return out;
  }

  private static Object value(JsonNode field) {
    if (field.isIntegralNumber()) {
      return field.asLong();
    }
    if (field.isNumber()) {
      return field.asDouble();
    }
    if (field.isBoolean()) {
      return field.asBoolean();
    }
    if (field.isArray()) {
      var out = new ArrayList<String>();
      field.forEach(one -> out.add(one.asText()));
      return out;
    }
    return field.asText();
  }
}
