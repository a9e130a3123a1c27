package dev.anabranch.service.internal;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection whose peer keeps sending while there is nothing to be answered: headers that
 * come a byte at a time, or a TLS handshake that never ends. A transfer that is merely slow is not
 * touched, since each side hears from the other while bytes move. One for each connection.
 */
final class SlowPeerGuard extends ChannelDuplexHandler {
  private final Duration patience;
  private long answered = System.nanoTime();
  private boolean heard;
  private boolean watched;

  SlowPeerGuard(Duration patience) {
    this.patience = patience;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) throws Exception {
    watch(context);
    super.channelActive(context);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    if (context.channel().isActive()) {
      watch(context);
    }
  }

  private void watch(ChannelHandlerContext context) {
    if (!watched) {
      watched = true;
      again(context);
    }
  }

  private void again(ChannelHandlerContext context) {
    long wait = patience.toMillis() / 4;
    context.executor().schedule(() -> look(context), wait, TimeUnit.MILLISECONDS);
  }

  private void look(ChannelHandlerContext context) {
    if (!context.channel().isActive()) {
      return;
    }
    if (heard && System.nanoTime() - answered > patience.toNanos()) {
      context.close();
      return;
    }
    again(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    if (!heard) {
      heard = true;
      answered = System.nanoTime(); // from the first byte that was not answered
    }
    super.channelRead(context, message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
      throws Exception {
    heard = false;
    super.write(context, message, promise);
  }
}
