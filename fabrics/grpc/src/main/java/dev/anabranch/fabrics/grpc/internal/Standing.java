package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.UnsafeByteOperations;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.Parcel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the standing stream is, as a link. */
final class Standing {
  /** The name of the standing stream in messages; it names no run of anybody. */
  static final LinkKey KEY =
      new LinkKey("(standing stream)", 0, 0, 0, NodeId.COORDINATOR, NodeId.device(0));

  static final String ORDER = "order";
  static final String REPORT = "report";

  /** Most bytes of orders or reports that wait to be read. */
  static final long UNREAD = 4 << 20;

  private Standing() {}

  static Parcel parcel(String topic, MessageLite message) {
    var body = MemorySegment.ofArray(message.toByteArray());
    return new Parcel(
        topic, "protobuf", new Wire(MemorySegment.ofArray(new byte[0]), body, () -> {}));
  }

  static ByteString bytes(Parcel parcel) {
    try (var wire = parcel.wire()) {
      return UnsafeByteOperations.unsafeWrap(wire.body().toArray(ValueLayout.JAVA_BYTE));
    }
  }
}
