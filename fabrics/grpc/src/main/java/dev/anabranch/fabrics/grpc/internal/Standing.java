package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireException;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
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

  /** Most bytes of an order or report: it is read into objects, whatever messages may be. */
  static final long LARGEST = 4 << 20;

  private Standing() {}

  /** What the standing stream is held to, where links are held to these. */
  static Limits limits(Limits links) {
    return links.withBody(Math.min(LARGEST, links.body()));
  }

  static Parcel parcel(String topic, MessageLite message) {
    var body = MemorySegment.ofArray(message.toByteArray());
    return new Parcel(
        topic, "protobuf", new Wire(MemorySegment.ofArray(new byte[0]), body, () -> {}));
  }

  /**
   * An order that came in.
   *
   * @throws WireException if it is none, or a number in it stands for nothing
   */
  static Order order(Parcel parcel) {
    var order = parsed(ORDER, parcel, Order.parser());
    Defects.of(order).ifPresent(Standing::refuse);
    return order;
  }

  /**
   * A report that came in.
   *
   * @throws WireException if it is none, or a number in it stands for nothing
   */
  static Report report(Parcel parcel) {
    var report = parsed(REPORT, parcel, Report.parser());
    Defects.of(report).ifPresent(Standing::refuse);
    return report;
  }

  private static <M> M parsed(String what, Parcel parcel, Parser<M> parser) {
    try (var wire = parcel.wire()) {
      return parser.parseFrom(wire.body().toArray(ValueLayout.JAVA_BYTE));
    } catch (InvalidProtocolBufferException e) {
      throw new WireException(what + ": " + e.getMessage() + " (expected: one of protobuf)");
    }
  }

  private static void refuse(String defect) {
    throw new WireException(defect);
  }
}
