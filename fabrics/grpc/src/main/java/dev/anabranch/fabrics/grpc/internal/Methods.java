package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import dev.anabranch.fabrics.grpc.internal.proto.TransportGrpc;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The two calls of the transport, as each side sees them: what is sent is written by the generated
 * code, which copies the data once; what comes in is read by {@link FrameReader}.
 */
final class Methods {
  private static final MethodDescriptor.Marshaller<Frame> OUT =
      ProtoUtils.marshaller(Frame.getDefaultInstance());

  private static final MethodDescriptor.Marshaller<Inbound> IN =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(Inbound value) {
          throw new UnsupportedOperationException("frames that came in are not sent");
        }

        @Override
        public Inbound parse(InputStream stream) {
          try {
            return FrameReader.read(stream, stream.available());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  static final MethodDescriptor<Frame, Inbound> DIAL_ATTEND =
      TransportGrpc.getAttendMethod().toBuilder(OUT, IN).build();
  static final MethodDescriptor<Frame, Inbound> DIAL_EXCHANGE =
      TransportGrpc.getExchangeMethod().toBuilder(OUT, IN).build();
  static final MethodDescriptor<Inbound, Frame> HUB_ATTEND =
      TransportGrpc.getAttendMethod().toBuilder(IN, OUT).build();
  static final MethodDescriptor<Inbound, Frame> HUB_EXCHANGE =
      TransportGrpc.getExchangeMethod().toBuilder(IN, OUT).build();

  /** Nothing is compressed: values hardly shrink, and a small frame must not become a large one. */
  static final DecompressorRegistry PLAIN =
      DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false);

  private Methods() {}
}
