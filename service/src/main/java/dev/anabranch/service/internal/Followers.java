package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;

/** Sends run logs as they grow. Thread-safe. */
final class Followers implements AutoCloseable {
  private static final int MOST = 200;
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final Duration SIGN = Duration.ofSeconds(15);

  private final Semaphore free = new Semaphore(MOST);
  private volatile boolean closed;

  /**
   * Sends a log from a line on.
   *
   * @param over whether the run has ended, so that no line will be added; asked before the log is
   *     read for the last time
   */
  HttpResponse send(ServiceRequestContext context, Path log, long first, BooleanSupplier over) {
    if (!free.tryAcquire()) {
      throw new Problem(
          HttpStatus.TOO_MANY_REQUESTS, Failure.IN_USE, "followers", MOST, "fewer; try again");
    }
    context.clearRequestTimeout();
    var out = HttpResponse.streaming();
    Thread.ofVirtual()
        .name("log of " + log.getParent())
        .start(() -> {
          try {
            follow(out, new LogTail(log, first), over);
            out.close();
          } catch (IOException | RuntimeException e) {
            out.close(e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            out.close(e);
          } finally {
            free.release();
          }
        });
    return out;
  }

  private void follow(HttpResponseWriter out, LogTail tail, BooleanSupplier over)
      throws IOException, InterruptedException {
    var headers =
        ResponseHeaders.builder(HttpStatus.OK)
            .contentType(MediaType.create("application", "x-ndjson"))
            .add("cache-control", "no-store")
            .build();
    if (!out.tryWrite(headers)) {
      return;
    }
    long quiet = 0;
    while (out.isOpen() && !closed) {
      boolean last = over.getAsBoolean();
      var news = tail.poll();
      if (!news.empty()) {
        if (!write(out, news)) {
          return;
        }
        quiet = 0;
      } else if (last) {
        return;
      } else {
        Thread.sleep(PAUSE); // a file does not say that it has grown
        quiet += PAUSE.toMillis();
        if (quiet >= SIGN.toMillis()) {
          quiet = 0;
          if (!out.tryWrite(HttpData.ofUtf8("\n"))) {
            return;
          }
        }
      }
    }
  }

  private static boolean write(HttpResponseWriter out, LogTail.News news) {
    if (news.cut() >= 0
        && !out.tryWrite(
            HttpData.ofUtf8("{\"kind\":\"cut\",\"round\":-1,\"lines\":" + news.cut() + "}\n"))) {
      return false;
    }
    if (news.text().length > 0 && !out.tryWrite(HttpData.wrap(news.text()))) {
      return false;
    }
    out.whenConsumed().join(); // a slow reader holds one piece, no more
    return true;
  }

  @Override
  public void close() {
    closed = true;
  }
}
