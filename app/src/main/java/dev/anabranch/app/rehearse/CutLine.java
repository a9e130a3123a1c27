package dev.anabranch.app.rehearse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A line to the coordinator that can be cut: passes bytes on between a port of its own and that of
 * the coordinator. While it is cut, whoever dials is turned away. Thread-safe.
 */
final class CutLine implements AutoCloseable {
  private final ServerSocket listening;
  private final int to;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;
  private volatile boolean closed;

  /**
   * @param to the coordinator's port on the loopback
   */
  CutLine(int to) {
    this.to = to;
    try {
      listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().name("line to " + to).start(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  private void accept() {
    while (!closed) {
      try {
        var near = listening.accept();
        if (cut) {
          near.close();
        } else {
          Thread.ofVirtual().start(() -> join(near));
        }
      } catch (IOException e) {
        continue; // closed, or a caller that was gone before it was heard
      }
    }
  }

  private void join(Socket near) {
    try (near;
        var far = new Socket(InetAddress.getLoopbackAddress(), to)) {
      open.add(near);
      open.add(far);
      if (cut) {
        return;
      }
      near.setTcpNoDelay(true);
      far.setTcpNoDelay(true);
      var back = Thread.ofVirtual().start(() -> pass(far, near));
      pass(near, far);
      back.join();
      open.remove(far);
    } catch (IOException e) {
      return; // the coordinator is not there; the caller dials again
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(near);
    }
  }

  private static void pass(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      abort(from);
      abort(to);
    }
  }

  private static void abort(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      return; // it is gone either way
    }
  }

  /** Cuts whatever crosses now, and all that would. */
  void cut() {
    cut = true;
    open.forEach(CutLine::abort);
  }

  void mend() {
    cut = false;
  }

  @Override
  public void close() {
    closed = true;
    cut();
    try {
      listening.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
