package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import javax.net.ssl.KeyManager;
import org.jspecify.annotations.Nullable;

/** Dials a coordinator over HTTP. Thread-safe. */
public final class Http implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(15);
  private static final int LARGEST = 64 << 20;

  private final String base;
  private final HttpClient client;
  private final @Nullable String token;

  /**
   * @param base {@code https://host:port}; {@code http} on the loopback alone
   * @param fingerprint SHA-256 of the coordinator's authority
   * @param keys what this side shows; null: nothing
   * @param token of an operator; null: none
   */
  public Http(
      String base,
      byte[] fingerprint,
      KeyManager @Nullable [] keys,
      @Nullable String token,
      InstantSource clock) {
    this.base = base;
    this.token = token;
    var builder =
        HttpClient.newBuilder().connectTimeout(CONNECT).followRedirects(HttpClient.Redirect.NEVER);
    if (base.startsWith("https://")) {
      builder.sslContext(new CoordinatorTrust(fingerprint, clock).context(keys));
    } else {
      builder.version(HttpClient.Version.HTTP_1_1);
      requireLoopback(base);
    }
    client = builder.build();
  }

  private static void requireLoopback(String base) {
    var host = URI.create(base).getHost();
    try {
      if (base.startsWith("http://") && java.net.InetAddress.getByName(host).isLoopbackAddress()) {
        return;
      }
    } catch (java.net.UnknownHostException e) {
      // told below
    }
    throw AnabranchException.expected(
        Failure.USAGE, "coordinator", base, "https://…; http:// is for the loopback alone");
  }

  /** The answer's text. */
  public String get(String path) {
    return text(send(request(path).GET().build()));
  }

  /** Posts a text and gives the answer's. */
  public String post(String path, String type, String body) {
    return text(
        send(
            request(path)
                .header("content-type", type)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build()));
  }

  public void delete(String path) {
    text(send(request(path).DELETE().build()));
  }

  /** The answer as it comes; whoever asked closes it. */
  public InputStream open(String path) {
    return send(request(path).GET().build());
  }

  private HttpRequest.Builder request(String path) {
    var builder = HttpRequest.newBuilder(URI.create(base + path));
    if (token != null) {
      builder.header("authorization", "Bearer " + token);
    }
    return builder;
  }

  private InputStream send(HttpRequest request) {
    try {
      var answer = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      if (answer.statusCode() / 100 != 2) {
        throw refused(answer.statusCode(), text(answer.body()));
      }
      return answer.body();
    } catch (IOException e) {
      var known = CoordinatorTrust.explain(e);
      throw known != null ? known : unreachable(base, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable(base, e);
    }
  }

  private static AnabranchException unreachable(String base, Exception e) {
    var why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new AnabranchException(
        Failure.UNREACHABLE,
        "coordinator: "
            + base
            + ": "
            + why
            + " (expected: a coordinator that listens there; is it running, and is the port open?)",
        e);
  }

  private String text(InputStream body) {
    try (body) {
      byte[] bytes = body.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw AnabranchException.expected(
            Failure.CORRUPT, "answer", "too large", "at most " + LARGEST + " bytes");
      }
      return new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw unreachable(base, e);
    }
  }

  /** What the coordinator says, with the exit code that it would have had there. */
  private static AnabranchException refused(int status, String body) {
    JsonNode problem;
    try {
      problem = Json.read("answer", body);
    } catch (AnabranchException e) {
      return AnabranchException.expected(
          Failure.UNREACHABLE,
          "coordinator",
          "status " + status,
          "an answer of a coordinator; does another program listen there?");
    }
    var name = problem.path("type").asText().replaceFirst(".*:", "");
    for (var failure : Failure.values()) {
      if (failure.name().equals(name)) {
        return new AnabranchException(failure, problem.path("detail").asText());
      }
    }
    return new AnabranchException(
        Failure.UNREACHABLE, "coordinator: " + problem.path("detail").asText());
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
