package dev.anabranch.app.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a report takes from {@code summary.json}: the result at the end of a finished run.
 *
 * @param examples in the hold-out; 0 if the summary does not say
 */
public record RunSummary(
    String label,
    double accuracy,
    double loss,
    double standardError,
    int examples,
    double virtualSeconds) {
  private static final JsonMapper JSON = new JsonMapper();

  /** Null where the run has not ended: the file is written last. */
  static @Nullable RunSummary read(Path folder) {
    Path file = folder.resolve("summary.json");
    if (!Files.exists(file)) {
      return null;
    }
    try {
      JsonNode root = JSON.readTree(Files.readAllBytes(file));
      JsonNode metrics = root.path("metrics");
      JsonNode label = root.path("label");
      return new RunSummary(
          label.isTextual() ? label.textValue() : text(file, root, "method"),
          metrics.path("accuracy").asDouble(Double.NaN),
          metrics.path("loss").asDouble(Double.NaN),
          metrics.path("standardError").asDouble(Double.NaN),
          metrics.path("examples").asInt(0),
          root.path("seconds").path("virtual").asDouble(Double.NaN));
    } catch (JsonProcessingException e) {
      throw damaged(file, e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file, JsonNode root, String name) {
    JsonNode value = root.path(name);
    if (!value.isTextual()) {
      throw damaged(file, name + ": " + value + " (expected: a text)", null);
    }
    return value.textValue();
  }

  private static AnabranchException damaged(Path file, String why, @Nullable Throwable cause) {
    return new AnabranchException(
        Failure.CORRUPT,
        file + ": " + why + "; delete it to report the run from its log alone",
        cause);
  }
}
