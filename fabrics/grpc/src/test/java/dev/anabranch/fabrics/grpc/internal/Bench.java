package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.Parcel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A hub that listens on the loopback, and agents that dial it. */
final class Bench implements AutoCloseable {
  static final Limits LIMITS =
      Limits.DEFAULT
          .withGrace(Duration.ofSeconds(30))
          .withBackoff(Duration.ofMillis(1), Duration.ofMillis(20));

  final GrpcHub hub;
  final HubServer server;
  private final List<AutoCloseable> opened = new ArrayList<>();

  Bench(Limits limits) {
    this(limits, null);
  }

  Bench(Limits limits, @Nullable Tls tls) {
    hub = new GrpcHub(limits, new Random(1));
    server = new HubServer(hub, "127.0.0.1", 0, tls, limits.hello());
  }

  GrpcDial dial(String agent) {
    return dial(agent, server.port(), LIMITS);
  }

  GrpcDial dial(String agent, int port, Limits limits) {
    return dial(agent, port, limits, null);
  }

  GrpcDial dial(String agent, int port, Limits limits, @Nullable Tls tls) {
    var dial = new GrpcDial(agent, "127.0.0.1", port, tls, limits, new Random(opened.size()));
    opened.add(dial);
    return dial;
  }

  static LinkKey key(int device) {
    return new LinkKey("r1", 0, device, 0, NodeId.COORDINATOR, NodeId.device(device));
  }

  static MemorySpool spool() {
    return new MemorySpool(64 << 20);
  }

  /** A message whose values follow from its seed. */
  static Parcel parcel(String topic, int headBytes, int bodyBytes, long seed) {
    return new Parcel(
        topic, "raw/1", new Wire(bytes(headBytes, seed + 1), bytes(bodyBytes, seed), () -> {}));
  }

  static MemorySegment bytes(int size, long seed) {
    byte[] out = new byte[size];
    new Random(seed).nextBytes(out);
    return MemorySegment.ofArray(out);
  }

  static byte[] body(Parcel parcel) {
    try (var wire = parcel.wire()) {
      return wire.body().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static byte[] body(int size, long seed) {
    return bytes(size, seed).toArray(ValueLayout.JAVA_BYTE);
  }

  @Override
  public void close() throws Exception {
    for (var each : opened) {
      each.close();
    }
    hub.close();
    server.stop(); // nobody waits for it
  }
}
