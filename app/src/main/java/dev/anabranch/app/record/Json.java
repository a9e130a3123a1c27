package dev.anabranch.app.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** JSON in and out. Thread-safe. */
public final class Json {
  static final ObjectMapper MAPPER = new ObjectMapper();

  /** Refuses a key that stands twice, and anything after the value. */
  static final ObjectMapper STRICT =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /** On one line. */
  public static String compact(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Indented. */
  public static String pretty(Object value) {
    try {
      return MAPPER.writer().with(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An object in a file that this program wrote earlier. */
  public static Map<String, Object> readObject(Path file) {
    try {
      return object(file, Files.readString(file));
    } catch (IOException e) {
      throw Storage.failed(file, e);
    }
  }

  /** An object that stands in a file. */
  public static Map<String, Object> object(Path file, String text) {
    try {
      var tree = STRICT.readTree(text);
      if (!tree.isObject()) {
        throw AnabranchException.expected(
            Failure.CORRUPT, file.toString(), tree.getNodeType(), "a JSON object");
      }
      var out = new LinkedHashMap<String, Object>();
      tree.properties()
          .forEach(e -> out.put(e.getKey(), MAPPER.convertValue(e.getValue(), Object.class)));
      return out;
    } catch (JsonProcessingException e) {
      throw new AnabranchException(
          Failure.CORRUPT, file + ": " + e.getOriginalMessage() + " (expected: JSON)", e);
    }
  }
}
