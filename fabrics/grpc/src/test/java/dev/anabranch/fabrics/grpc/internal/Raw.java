package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.grpc.GrpcClients;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.End;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import dev.anabranch.fabrics.grpc.internal.proto.Opening;
import dev.anabranch.fabrics.grpc.internal.proto.TransportGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** A device written by somebody else, who follows the rules or does not. */
final class Raw implements AutoCloseable {
  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private final ClientFactory factory = ClientFactory.builder().build();
  private final ClientCall<byte[], byte[]> call;
  final CompletableFuture<Status> closed = new CompletableFuture<>();
  final LinkedBlockingQueue<Frame> heard = new LinkedBlockingQueue<>();

  Raw(int port, @Nullable String agent) {
    call =
        GrpcClients.builder("gproto+h2c://127.0.0.1:" + port)
            .factory(factory)
            .responseTimeout(Duration.ZERO)
            .maxRequestMessageLength(64 << 20)
            .build(TransportGrpc.TransportStub.class)
            .getChannel()
            .newCall(
                TransportGrpc.getExchangeMethod().toBuilder(BYTES, BYTES).build(),
                CallOptions.DEFAULT);
    var headers = new Metadata();
    if (agent != null) {
      headers.put(Reception.AGENT, agent);
    }
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(byte[] message) {
            try {
              heard.add(Frame.parseFrom(message));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            call.request(1);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            closed.complete(status);
          }
        },
        headers);
    call.request(1);
  }

  static Hello.Builder hello(LinkKey key, NodeId end) {
    return Hello.newBuilder()
        .setProtocol(1)
        .setRun(key.run())
        .setRound(key.round())
        .setVisit(key.visit())
        .setAttempt(key.attempt())
        .setFrom(end.toString())
        .setTo(key.other(end).toString())
        .setSession(ByteString.copyFrom(new byte[16]))
        .setNext(1)
        .setWindow(1 << 20);
  }

  static Frame.Builder frame(long number, @Nullable Opening opening, byte[] data) {
    var frame =
        Frame.newBuilder()
            .setNumber(number)
            .setChecksum(Checksum.of(number, opening, null, ByteBuffer.wrap(data)))
            .setData(ByteString.copyFrom(data));
    return opening == null ? frame : frame.setOpening(opening);
  }

  static Frame.Builder end(long number) {
    var last = End.getDefaultInstance();
    return Frame.newBuilder()
        .setNumber(number)
        .setEnd(last)
        .setChecksum(Checksum.of(number, null, last));
  }

  static Opening opening(String topic, long head, long body) {
    return Opening.newBuilder()
        .setTopic(topic)
        .setCodec("raw/1")
        .setHeadBytes(head)
        .setBodyBytes(body)
        .build();
  }

  Raw send(Frame.Builder frame) {
    return send(frame.build().toByteArray());
  }

  Raw send(byte[] bytes) {
    call.sendMessage(bytes);
    return this;
  }

  Raw greet(LinkKey key, NodeId end) throws InterruptedException {
    send(Frame.newBuilder().setHello(hello(key, end)));
    if (!heard.take().hasWelcome()) {
      throw new AssertionError("no welcome");
    }
    return this;
  }

  /** Code and text with which the hub has ended the stream. */
  String ended() {
    return Leg.describe(closed.join());
  }

  @Override
  public void close() {
    call.cancel("done", null);
    factory.close();
  }
}
