package dev.anabranch.fabrics.grpc.internal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection that has not begun in time: has not shaken hands (TLS), or has not sent as
 * much as HTTP/2's preface. Belongs to one connection.
 */
final class Patience extends ChannelInboundHandlerAdapter {
  private static final int PREFACE = 24;

  private final boolean tls;
  private final Duration time;
  private @Nullable Future<?> timeout;
  private long read;

  /**
   * @param tls whether a handshake is waited for; then this comes after TLS's handlers, else before
   *     all others
   */
  Patience(boolean tls, Duration time) {
    this.tls = tls;
    this.time = time;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    timeout =
        context
            .executor()
            .schedule(() -> context.close(), time.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void begun() {
    if (timeout != null) {
      timeout.cancel(false);
      timeout = null;
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
      begun();
    }
    super.userEventTriggered(context, event);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    if (!tls && message instanceof ByteBuf bytes) {
      read += bytes.readableBytes();
      if (read >= PREFACE) {
        begun();
      }
    }
    super.channelRead(context, message);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    begun();
  }
}
