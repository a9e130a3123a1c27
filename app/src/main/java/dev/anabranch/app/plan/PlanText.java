package dev.anabranch.app.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;

/** YAML in and out. A key that stands twice and a file above 1 MB are refused. */
public final class PlanText {
  private static final int LIMIT = 1_000_000;

  /** YAML 1.1 wants a point and a sign in {@code 1e-3}; people do not. */
  private static final Pattern EXPONENT = Pattern.compile("[-+]?\\d+(\\.\\d*)?[eE][-+]?\\d+");

  private static final ObjectMapper YAML = mapper();

  private PlanText() {}

  private static ObjectMapper mapper() {
    var options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setCodePointLimit(LIMIT);
    options.setNestingDepthLimit(20);
    var factory =
        YAMLFactory.builder()
            .loaderOptions(options)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(20).build())
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
            .build();
    return new YAMLMapper(factory).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  }

  /** Reads a plan file; an empty one is an empty mapping. */
  public static Map<String, Object> readFile(Path file) {
    try {
      long size = Files.size(file);
      if (size > LIMIT) {
        throw AnabranchException.expected(
            Failure.PLAN, file.toString(), size + " bytes", "a plan of at most " + LIMIT);
      }
      return readMap(file.toString(), Files.readString(file, StandardCharsets.UTF_8));
    } catch (NoSuchFileException e) {
      throw new AnabranchException(
          Failure.USAGE, file + ": no such file (expected: a run plan in YAML)", e);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.PLAN, file + ": " + e.getMessage() + " (expected: a readable text in UTF-8)", e);
    }
  }

  /** Reads a mapping; {@code at} names it in messages. */
  public static Map<String, Object> readMap(String at, String text) {
    var value = read(at, text);
    if (value == null) {
      return Map.of();
    }
    if (value instanceof Map<?, ?> map) {
      var out = new LinkedHashMap<String, Object>();
      map.forEach((k, v) -> out.put(String.valueOf(k), v));
      return out;
    }
    throw AnabranchException.expected(Failure.PLAN, at, value, "a mapping of keys to values");
  }

  /** Reads one value in YAML; null for an empty text. */
  static @Nullable Object read(String at, String text) {
    try {
      if (text.isBlank() || text.lines().allMatch(l -> l.isBlank() || l.strip().startsWith("#"))) {
        return null;
      }
      return numbers(YAML.readValue(text, new TypeReference<Object>() {}));
    } catch (JsonProcessingException e) {
      var where = e.getLocation();
      var line = where == null ? "" : " line " + where.getLineNr() + ":";
      var reason = e.getOriginalMessage().lines().findFirst().orElse("not YAML").strip();
      throw new AnabranchException(
          Failure.PLAN, at + ":" + line + " " + reason + " (expected: YAML)", e);
    }
  }

  private static @Nullable Object numbers(@Nullable Object value) {
    return switch (value) {
      case String text when EXPONENT.matcher(text).matches() -> Double.valueOf(text);
      case Map<?, ?> map -> {
        var out = new LinkedHashMap<String, @Nullable Object>();
        map.forEach((k, v) -> out.put(String.valueOf(k), numbers(v)));
        yield out;
      }
      case List<?> list -> list.stream().map(v -> numbers(v)).toList();
      case null, default -> value;
    };
  }

  static String write(Map<String, ?> plan) {
    try {
      return YAML.writeValueAsString(plan);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
