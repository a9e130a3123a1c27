package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.LinkedHashMap;
import java.util.Locale;

/** What an operator of the API is told when something goes wrong: RFC 9457, in the house's text. */
final class Problem extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final MediaType TYPE = MediaType.create("application", "problem+json");

  private final transient HttpStatus status;
  private final Failure failure;

  Problem(HttpStatus status, Failure failure, String name, Object value, String expected) {
    super(name + ": " + value + " (expected: " + expected + ")");
    this.status = status;
    this.failure = failure;
  }

  static Problem noSuch(String name, String value, String expected) {
    return new Problem(HttpStatus.NOT_FOUND, Failure.USAGE, name, Texts.shortened(value), expected);
  }

  /** The answer to whatever a handler has thrown. */
  static HttpResponse answer(Throwable thrown) {
    var e = thrown;
    while ((e instanceof java.util.concurrent.CompletionException
            || e instanceof java.util.concurrent.ExecutionException)
        && e.getCause() != null) {
      e = e.getCause();
    }
    return switch (e) {
      case Problem problem ->
          answer(problem.status, problem.failure.name(), problem.failure.exitCode(), text(problem));
      case AnabranchException known ->
          answer(
              status(known.failure()),
              known.failure().name(),
              known.failure().exitCode(),
              text(known));
      case com.linecorp.armeria.server.HttpStatusException http -> of(http.httpStatus());
      case com.linecorp.armeria.common.ContentTooLargeException large ->
          answer(
              HttpStatus.REQUEST_ENTITY_TOO_LARGE,
              Failure.USAGE.name(),
              Failure.USAGE.exitCode(),
              "body: too large (expected: at most what the description of the API says)");
      default ->
          answer(
              HttpStatus.INTERNAL_SERVER_ERROR,
              "UNEXPECTED",
              1,
              "unexpected: " + e.getClass().getSimpleName() + "; the coordinator's log has more");
    };
  }

  /** An answer to what no handler was asked. */
  static HttpResponse of(HttpStatus status) {
    return answer(
        status,
        Failure.USAGE.name(),
        Failure.USAGE.exitCode(),
        "request: "
            + status.codeAsText()
            + " "
            + status.reasonPhrase()
            + " (expected: what /api/v1/openapi.yaml describes)");
  }

  private static String text(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  private static HttpStatus status(Failure failure) {
    return switch (failure) {
      case USAGE, PLAN, DATA, MODEL -> HttpStatus.BAD_REQUEST;
      case INFEASIBLE, UNSUPPORTED -> HttpStatus.UNPROCESSABLE_ENTITY;
      case REFUSED -> HttpStatus.FORBIDDEN;
      case IN_USE -> HttpStatus.CONFLICT;
      case STORAGE, UNREACHABLE -> HttpStatus.SERVICE_UNAVAILABLE;
      default -> HttpStatus.INTERNAL_SERVER_ERROR;
    };
  }

  private static HttpResponse answer(HttpStatus status, String name, int exitCode, String text) {
    var out = new LinkedHashMap<String, Object>();
    out.put("type", "urn:anabranch:failure:" + name);
    out.put("title", name.toLowerCase(Locale.ROOT).replace('_', ' '));
    out.put("status", status.code());
    out.put("detail", text);
    out.put("exitCode", exitCode);
    var headers = ResponseHeaders.builder(status).contentType(TYPE);
    if (status.equals(HttpStatus.UNAUTHORIZED)) {
      headers.add("www-authenticate", "Bearer realm=\"anabranch\"");
    }
    return HttpResponse.of(headers.build(), HttpData.ofUtf8(Json.text(out)));
  }
}
