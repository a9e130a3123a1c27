package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import dev.anabranch.service.OperatorRole;
import org.jspecify.annotations.Nullable;

/**
 * One thing that the API can do.
 *
 * @param path with {@code {names}} in it
 * @param role who may; null: everybody
 * @param limit most bytes of a request's body
 */
record Endpoint(
    HttpMethod method, String path, @Nullable OperatorRole role, int limit, Handler handler) {
  /** No body is expected, but a few bytes do no harm. */
  private static final int SMALL = 1 << 10;

  /** Carries a request out; may block. */
  interface Handler {
    HttpResponse handle(Call call) throws Exception;
  }

  static Endpoint get(String path, @Nullable OperatorRole role, Handler handler) {
    return new Endpoint(HttpMethod.GET, path, role, SMALL, handler);
  }

  static Endpoint post(String path, @Nullable OperatorRole role, int limit, Handler handler) {
    return new Endpoint(HttpMethod.POST, path, role, limit, handler);
  }

  static Endpoint delete(String path, @Nullable OperatorRole role, Handler handler) {
    return new Endpoint(HttpMethod.DELETE, path, role, SMALL, handler);
  }

  /** An answer in JSON. */
  static HttpResponse json(HttpStatus status, Object value) {
    return HttpResponse.of(status, MediaType.JSON, HttpData.ofUtf8(Json.text(value)));
  }

  static HttpResponse json(Object value) {
    return json(HttpStatus.OK, value);
  }
}
