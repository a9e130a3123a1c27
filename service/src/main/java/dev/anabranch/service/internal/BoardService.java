package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.AbstractHttpService;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.encoding.EncodingService;

/**
 * Serves the dashboard. Everybody may have its files; what they show is asked for with a token.
 * Immutable; safe from any thread.
 */
final class BoardService extends AbstractHttpService {
  private final BoardFiles files = new BoardFiles();

  /** With compression for those who can take it: the charts' script is large. */
  static HttpService create() {
    return new BoardService().decorate(EncodingService.newDecorator());
  }

  @Override
  protected HttpResponse doGet(ServiceRequestContext context, HttpRequest request) {
    return answer(context, request);
  }

  @Override
  protected HttpResponse doHead(ServiceRequestContext context, HttpRequest request) {
    return answer(context, request);
  }

  private HttpResponse answer(ServiceRequestContext context, HttpRequest request) {
    var found = files.at(context.path());
    if (found.isEmpty()) {
      return Problem.of(HttpStatus.NOT_FOUND);
    }
    var file = found.get();
    boolean known = file.tag().equals(request.headers().get(HttpHeaderNames.IF_NONE_MATCH));
    var headers =
        ResponseHeaders.builder(known ? HttpStatus.NOT_MODIFIED : HttpStatus.OK)
            .set(HttpHeaderNames.CONTENT_TYPE, file.type())
            .set(HttpHeaderNames.ETAG, file.tag())
            .set(HttpHeaderNames.CACHE_CONTROL, "no-cache") // asked for anew, answered by 304
            .build();
    return known || request.method() == HttpMethod.HEAD
        ? HttpResponse.of(headers)
        : HttpResponse.of(headers, HttpData.wrap(file.bytes()));
  }
}
