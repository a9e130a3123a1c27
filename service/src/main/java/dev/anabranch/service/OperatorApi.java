package dev.anabranch.service;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.internal.Http;
import dev.anabranch.service.internal.OperatorFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.function.Predicate;

/**
 * What an operator asks of a coordinator; answers are JSON texts as the API's description has them.
 * Thread-safe.
 */
public final class OperatorApi implements AutoCloseable {
  private static final String JSON = "application/json";
  private final Http http;

  private OperatorApi(Http http) {
    this.http = http;
  }

  /**
   * Connects as a file says.
   *
   * @param file as {@link CoordinatorDaemon#init} has written it
   */
  public static OperatorApi open(Path file, InstantSource clock) {
    var read = OperatorFile.read(file);
    return new OperatorApi(
        new Http(read.coordinator(), read.fingerprint(), null, read.token(), clock));
  }

  /**
   * Writes the file of another operator of the same coordinator.
   *
   * @param known an operator's file of that coordinator
   */
  public static void write(Path file, Path known, String token) {
    var read = OperatorFile.read(known);
    new OperatorFile(read.coordinator(), read.fingerprint(), token).write(file);
  }

  /** The answer to GET. */
  public String get(String path) {
    return http.get(path);
  }

  /** The answer to POST of a JSON text. */
  public String post(String path, String json) {
    return http.post(path, JSON, json);
  }

  /** Hands a plan in. */
  public String submit(String plan) {
    return http.post("/api/v1/runs", "application/yaml", plan);
  }

  public void delete(String path) {
    http.delete(path);
  }

  /** A text as a part of a path. */
  public static String part(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /**
   * Reads a run's log.
   *
   * @param first lines before this one are left out
   * @param follow whether to wait for lines until the run has ended
   * @param lines told of each line; false: no more
   */
  public void log(String run, long first, boolean follow, Predicate<String> lines) {
    var path = "/api/v1/runs/" + part(run) + "/log?from=" + first + "&follow=" + follow;
    try (var in =
        new BufferedReader(new InputStreamReader(http.open(path), StandardCharsets.UTF_8))) {
      for (var line = in.readLine(); line != null; line = in.readLine()) {
        if (!line.isEmpty() && !lines.test(line)) {
          return;
        }
      }
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.UNREACHABLE,
          "log of "
              + run
              + ": "
              + e.getMessage()
              + " (expected: to its end; ask again, the run goes on)",
          e);
    }
  }

  /** Fetches a file of a run, whole or not at all. */
  public void fetch(String run, String name, Path to) {
    var part = to.resolveSibling(to.getFileName() + ".part");
    try (InputStream in = http.open("/api/v1/runs/" + part(run) + "/files/" + part(name))) {
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      Files.move(part, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, to + ": " + e.getMessage() + " (expected: a whole file; ask again)", e);
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
