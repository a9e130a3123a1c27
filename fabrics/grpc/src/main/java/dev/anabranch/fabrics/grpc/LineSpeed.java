package dev.anabranch.fabrics.grpc;

import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.grpc.internal.GrpcDial;
import dev.anabranch.fabrics.grpc.internal.GrpcHub;
import dev.anabranch.fabrics.grpc.internal.HubServer;
import dev.anabranch.fabrics.grpc.internal.Limits;
import dev.anabranch.fabrics.grpc.internal.LinkKey;
import dev.anabranch.fabrics.grpc.internal.Pipe;
import dev.anabranch.fabrics.grpc.internal.Spool;
import dev.anabranch.fabrics.grpc.internal.Tally;
import dev.anabranch.fabrics.grpc.internal.Tls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * How fast messages cross this machine's loopback: a hub and several devices, each with a
 * connection of its own, in one process. Frames are made, checked, acknowledged and copied out as
 * always, and then forgotten. Belongs to one thread.
 */
public final class LineSpeed implements AutoCloseable {
  private final MemorySegment values;
  private final GrpcHub hub;
  private final HubServer server;
  private final List<GrpcDial> dials = new ArrayList<>();
  private final List<Pipe> down = new ArrayList<>();
  private final List<Pipe> up = new ArrayList<>();

  /**
   * @param bytes of a message's body
   * @param key of a certificate for 127.0.0.1 that both sides use and trust; null: not encrypted
   */
  public LineSpeed(
      int devices, long bytes, @Nullable PrivateKey key, @Nullable X509Certificate certificate) {
    var tls =
        key == null || certificate == null
            ? null
            : new Tls(key, List.of(certificate), List.of(certificate));
    values = Arena.ofAuto().allocate(bytes);
    for (long at = 0; at < bytes; at += 4096) {
      values.set(ValueLayout.JAVA_BYTE, at, (byte) (at >>> 12));
    }
    hub = new GrpcHub(Limits.DEFAULT, new Random(1));
    server = new HubServer(hub, "127.0.0.1", 0, tls, Limits.DEFAULT.hello());
    for (int i = 0; i < devices; i++) {
      var key0 = new LinkKey("speed", 0, i, 0, NodeId.COORDINATOR, NodeId.device(i));
      down.add(hub.open(key0, new Forgetting(), Tally.NONE));
      var dial =
          new GrpcDial("d" + i, "127.0.0.1", server.port(), tls, Limits.DEFAULT, new Random(i));
      dials.add(dial);
      up.add(dial.open(key0, NodeId.device(i), new Forgetting()));
    }
  }

  private Parcel parcel() {
    return new Parcel(
        "values", "raw/1", new Wire(MemorySegment.ofArray(new byte[0]), values, () -> {}));
  }

  /** Seconds until a message has crossed to each device. */
  public double down() {
    return seconds(down);
  }

  /** Seconds until a message of each device has crossed. */
  public double up() {
    return seconds(up);
  }

  /** Seconds until a message has crossed each link in each direction, all at once. */
  public double both() {
    var all = new ArrayList<>(down);
    all.addAll(up);
    return seconds(all);
  }

  private double seconds(List<Pipe> senders) {
    long start = System.nanoTime();
    senders.stream().map(p -> p.post(parcel())).toList().forEach(Sending::await);
    double seconds = (System.nanoTime() - start) / 1e9;
    for (var pipe : senders) {
      var receiver = (down.contains(pipe) ? up : down).get(indexOf(pipe));
      receiver.receive().wire().close();
    }
    return seconds;
  }

  private int indexOf(Pipe pipe) {
    return Math.max(down.indexOf(pipe), up.indexOf(pipe));
  }

  @Override
  public void close() {
    dials.forEach(GrpcDial::close);
    hub.close();
    server.close();
  }

  /** Takes frames as memory would, into the same place again and again. */
  private static final class Forgetting implements Spool {
    private final MemorySegment place = Arena.ofAuto().allocate(Limits.MAX_FRAME);

    @Override
    public Incoming begin(String topic, String codec, long headBytes, long bodyBytes) {
      return new Incoming() {
        @Override
        public void head(MemorySegment bytes) {
          MemorySegment.copy(bytes, 0, place, 0, bytes.byteSize());
        }

        @Override
        public void body(MemorySegment bytes) {
          MemorySegment.copy(bytes, 0, place, 0, bytes.byteSize());
        }

        @Override
        public Arrival whole() {
          var nothing = MemorySegment.ofArray(new byte[0]);
          var parcel = new Parcel(topic, codec, new Wire(nothing, nothing, () -> {}));
          return new Arrival() {
            @Override
            public Parcel open() {
              return parcel;
            }

            @Override
            public void discard() {}
          };
        }

        @Override
        public void abandon() {}
      };
    }

    @Override
    public void ended(@Nullable String reason) {}
  }
}
