package dev.anabranch.service.internal;

import com.linecorp.armeria.common.Cookie;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.anabranch.core.Failure;
import dev.anabranch.service.OperatorRole;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Stands before each endpoint: who asks, and may they? Immutable; safe from any thread. */
final class Gate {
  static final String COOKIE = "anabranch";

  private final Store store;
  private final Registry registry;
  private final Consumer<String> notes;

  Gate(Store store, Registry registry, Consumer<String> notes) {
    this.store = store;
    this.registry = registry;
    this.notes = notes;
  }

  HttpService guard(Endpoint endpoint) {
    return (context, request) ->
        HttpResponse.of(
            request
                .aggregate()
                .thenApplyAsync(
                    whole -> {
                      try {
                        var who = who(context, request, endpoint.role());
                        return endpoint.handler().handle(new Call(context, request, whole, who));
                      } catch (Exception e) { // every failure has an answer in words
                        return answer(endpoint, e);
                      }
                    },
                    context.blockingTaskExecutor())
                .exceptionally(e -> answer(endpoint, e)));
  }

  private HttpResponse answer(Endpoint endpoint, Throwable e) {
    if (!(e instanceof Problem || e instanceof dev.anabranch.core.AnabranchException)
        && !(e.getCause() instanceof com.linecorp.armeria.common.ContentTooLargeException)) {
      notes.accept(endpoint.method() + " " + endpoint.path() + ": " + e);
    }
    return Problem.answer(e);
  }

  private Call.@Nullable Caller who(
      ServiceRequestContext context, HttpRequest request, @Nullable OperatorRole needed) {
    if (needed == null) {
      return null;
    }
    var token = token(request);
    if (token == null) {
      throw new Problem(
          HttpStatus.UNAUTHORIZED,
          Failure.REFUSED,
          "authorization",
          "none",
          "'Authorization: Bearer' and a token; an admin makes one with 'anabranch token'");
    }
    var caller = caller(token, "from " + context.clientAddress().getHostAddress());
    if (!caller.role().covers(needed)) {
      throw new Problem(
          HttpStatus.FORBIDDEN,
          Failure.REFUSED,
          "role of " + caller.name(),
          caller.role().word(),
          atLeast(needed));
    }
    return caller;
  }

  /** Who shows this token. */
  Call.Caller caller(String token, String from) {
    return store
        .look(tables -> tables.operators().byHash(Tokens.hash(token)))
        .map(operator -> new Call.Caller(operator.name(), operator.role()))
        .orElseThrow(() -> {
          var why = "token: unknown (expected: one that counts; an admin may have replaced it)";
          registry.refused(from, "operator", why);
          return new Problem(
              HttpStatus.UNAUTHORIZED,
              Failure.REFUSED,
              "token",
              "unknown",
              "one that counts; an admin may have replaced it");
        });
  }

  private static String atLeast(OperatorRole needed) {
    var roles =
        List.of(OperatorRole.values()).stream()
            .filter(role -> role.covers(needed))
            .map(OperatorRole::word)
            .toList();
    return String.join(" or ", roles);
  }

  private static @Nullable String token(HttpRequest request) {
    var header = request.headers().get(HttpHeaderNames.AUTHORIZATION);
    if (header != null) {
      return header.regionMatches(true, 0, "Bearer ", 0, 7) ? header.substring(7).strip() : null;
    }
    var site = request.headers().get("sec-fetch-site");
    boolean foreign = site != null && !site.equals("same-origin") && !site.equals("none");
    if (foreign && !request.method().equals(HttpMethod.GET)) {
      return null; // a page of another origin must not act in this operator's name
    }
    return request.headers().cookies().stream()
        .filter(cookie -> cookie.name().equals(COOKIE))
        .map(Cookie::value)
        .findFirst()
        .orElse(null);
  }
}
