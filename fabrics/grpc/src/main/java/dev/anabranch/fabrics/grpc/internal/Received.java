package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.fabrics.grpc.internal.proto.End;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import dev.anabranch.fabrics.grpc.internal.proto.Opening;
import dev.anabranch.fabrics.grpc.internal.proto.Welcome;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A frame as it came in, nothing in it verified but its form.
 *
 * @param number 0 for a frame that carries no part of a message
 * @param data its bytes; the first {@code length} count
 * @param wireBytes the size of the frame as it crossed
 */
record Received(
    @Nullable Hello hello,
    @Nullable Welcome welcome,
    long acknowledged,
    long number,
    int checksum,
    @Nullable Opening opening,
    @Nullable End end,
    @Nullable String abort,
    byte[] data,
    int length,
    int wireBytes)
    implements Inbound {

  MemorySegment bytes() {
    return MemorySegment.ofArray(data).asSlice(0, length);
  }

  /** What this frame counts for in the window. */
  int cost() {
    return length + Piece.COST;
  }

  boolean checks() {
    return checksum == Checksum.of(number, opening, end, data, length);
  }
}
