package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Where a connection may go unencrypted. */
final class Loopback {
  private Loopback() {}

  /** Throws unless {@code host} is this machine's loopback address. */
  static void require(String name, String host) {
    boolean loopback;
    try {
      loopback = InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      loopback = false;
    }
    if (!loopback) {
      throw AnabranchException.expected(
          Failure.USAGE,
          name,
          host,
          "a loopback address such as 127.0.0.1, or TLS: nothing leaves this machine unencrypted");
    }
  }
}
