package dev.anabranch.fabrics.grpc.internal;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Passes bytes on to a port, cuts all connections when told to or after so many bytes. */
public final class CutProxy implements AutoCloseable {
  private final ServerSocket listening;
  private final int target;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
  final AtomicLong cuts = new AtomicLong();
  final AtomicLong passed = new AtomicLong();

  public CutProxy(int target) throws IOException {
    this(target, 0);
  }

  /**
   * @param port to listen on; 0: any that is free
   */
  CutProxy(int target, int port) throws IOException {
    this.target = target;
    listening = new ServerSocket();
    listening.setReuseAddress(true);
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    Thread.ofVirtual().start(this::accept);
  }

  public int port() {
    return listening.getLocalPort();
  }

  /** Cuts once so many more bytes have passed, in both directions together. */
  public void cutAfter(long bytes) {
    left.set(bytes);
  }

  void cut() {
    cuts.incrementAndGet();
    for (var socket : sockets) {
      closeQuietly(socket);
    }
  }

  private void accept() {
    try {
      while (true) {
        var in = listening.accept();
        Thread.ofVirtual().start(() -> join(in));
      }
    } catch (IOException e) {
      cut(); // closed
    }
  }

  private void join(Socket in) {
    try {
      var out = new Socket(InetAddress.getLoopbackAddress(), target);
      sockets.add(in);
      sockets.add(out);
      in.setTcpNoDelay(true);
      out.setTcpNoDelay(true);
      Thread.ofVirtual().start(() -> pass(in, out));
      pass(out, in);
    } catch (IOException e) {
      closeQuietly(in); // nobody listens just now, or the caller has gone
    }
  }

  private void pass(Socket from, Socket to) {
    try (from;
        to) {
      byte[] buffer = new byte[16 << 10];
      var in = from.getInputStream();
      var out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
        passed.addAndGet(n);
        if (left.addAndGet(-n) <= 0) {
          left.set(Long.MAX_VALUE);
          cut();
        }
      }
    } catch (IOException e) {
      return; // cut
    } finally {
      sockets.remove(from);
      sockets.remove(to);
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    cut();
  }
}
