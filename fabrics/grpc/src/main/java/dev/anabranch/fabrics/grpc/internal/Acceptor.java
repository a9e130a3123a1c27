package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.common.Flags;
import com.linecorp.armeria.common.util.TransportType;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * The thread that accepts a port's connections. It ends when it is told to; Netty's own would be
 * quiet for two seconds first, and a server that is closed waits for it. Thread-safe.
 */
final class Acceptor extends MultiThreadIoEventLoopGroup {
  private static final long MOST_SECONDS = 15;

  Acceptor() {
    super(1, new DefaultThreadFactory("acceptor"), handler());
  }

  /** As the threads that serve the connections. */
  private static IoHandlerFactory handler() {
    return Flags.transportType() == TransportType.EPOLL
        ? EpollIoHandler.newFactory()
        : NioIoHandler.newFactory();
  }

  @Override
  public Future<?> shutdownGracefully() {
    return shutdownGracefully(0, MOST_SECONDS, TimeUnit.SECONDS);
  }
}
