package dev.anabranch.app.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.anabranch.app.run.InstalledWiring;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.app.run.Wiring;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What a command did.
 *
 * @param code its exit code
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record Ended(int code, String out, String err) {
  static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** Runs it over the real modules. */
  static Ended installed(String input, Object... args) {
    return of(InstalledWiring::new, input, args);
  }

  /** Runs it over the toy engine. */
  static Ended toy(String input, Object... args) {
    return of(ToyWiring::new, input, args);
  }

  private static Ended of(Supplier<Wiring> wiring, String input, Object... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var console =
        new Console(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    var words = Stream.of(args).map(String::valueOf).toArray(String[]::new);
    int code = Root.execute(console, wiring, words);
    return new Ended(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** All of standard output must be one JSON value. */
  JsonNode json() {
    try {
      return JSON.readTree(out);
    } catch (JsonProcessingException e) {
      throw new AssertionError("not JSON: " + out, e);
    }
  }

  /** The digest of the weights that a run has left in its folder. */
  static String sha(Path run) throws IOException {
    return Files.readString(run.resolve("summary.json"))
        .replaceAll("(?s).*\"weightsSha256\" : \"([0-9a-f]{64})\".*", "$1");
  }
}
