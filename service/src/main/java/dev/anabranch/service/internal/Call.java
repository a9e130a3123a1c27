package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.QueryParams;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.anabranch.core.Failure;
import dev.anabranch.service.OperatorRole;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One request to the API.
 *
 * @param original for a service that answers it itself
 * @param who null where nobody needs to log in
 */
record Call(
    ServiceRequestContext context,
    HttpRequest original,
    AggregatedHttpRequest request,
    @Nullable Caller who) {
  /** An operator who has shown a token. */
  record Caller(String name, OperatorRole role) {}

  String caller() {
    return Objects.requireNonNull(who).name();
  }

  /** Where the connection came from, for the audit log. */
  String from() {
    return "from " + context.clientAddress().getHostAddress();
  }

  /** A part of the path. */
  String path(String name) {
    return Objects.requireNonNull(context.pathParam(name));
  }

  @Nullable String query(String name) {
    return QueryParams.fromQueryString(context.query()).get(name);
  }

  /** A whole number of the query. */
  long query(String name, long standard, long min, long max) {
    var text = query(name);
    if (text == null) {
      return standard;
    }
    try {
      long value = Long.parseLong(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new Problem(
        HttpStatus.BAD_REQUEST,
        Failure.USAGE,
        name,
        Texts.shortened(text),
        "a whole number, " + min + " to " + max);
  }

  /** The body, which must be a JSON object. */
  JsonNode json() {
    return Json.read("body", request.contentUtf8(), Failure.USAGE);
  }

  /** A text of the body's JSON object. */
  String text(JsonNode body, String name) {
    var value = body.get(name);
    if (value == null || !value.isTextual()) {
      throw new Problem(
          HttpStatus.BAD_REQUEST,
          Failure.USAGE,
          "body." + name,
          value == null ? "absent" : value.getNodeType(),
          "a text");
    }
    return value.asText();
  }

  /** A word of an enumeration in the body's JSON object. */
  <E extends Enum<E>> E word(JsonNode body, String name, Class<E> kind) {
    var text = text(body, name);
    for (var value : kind.getEnumConstants()) {
      if (value.name().equalsIgnoreCase(text)) {
        return value;
      }
    }
    throw new Problem(
        HttpStatus.BAD_REQUEST,
        Failure.USAGE,
        "body." + name,
        Texts.shortened(text),
        "one of "
            + String.join(
                ", ",
                java.util.Arrays.stream(kind.getEnumConstants())
                    .map(value -> value.name().toLowerCase(java.util.Locale.ROOT))
                    .toList()));
  }
}
