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
}
