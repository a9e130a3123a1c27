package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.Parcel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Takes frames as memory would, into the same place again and again. */
public final class ForgettingSpool implements Spool {
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
