package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.fabrics.grpc.internal.proto.End;
import dev.anabranch.fabrics.grpc.internal.proto.Opening;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The checksum of a frame, as {@code transport.proto} defines it. */
final class Checksum {
  private Checksum() {}

  static int of(
      long number, @Nullable Opening opening, @Nullable End end, byte[] data, int length) {
    var crc = header(number, opening, end);
    crc.update(data, 0, length);
    return (int) crc.getValue();
  }

  static int of(long number, @Nullable Opening opening, @Nullable End end, ByteBuffer... data) {
    var crc = header(number, opening, end);
    for (var part : data) {
      crc.update(part.duplicate());
    }
    return (int) crc.getValue();
  }

  private static CRC32C header(long number, @Nullable Opening opening, @Nullable End end) {
    var crc = new CRC32C();
    var ints = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    crc.update(ints.putLong(0, number).limit(8));
    if (opening != null) {
      crc.update(opening.getTopicBytes().asReadOnlyByteBuffer());
      crc.update(opening.getCodecBytes().asReadOnlyByteBuffer());
      ints.clear().putLong(opening.getHeadBytes()).putLong(opening.getBodyBytes()).flip();
      crc.update(ints);
    }
    if (end != null) {
      crc.update(end.getReason().isEmpty() ? 0 : 1);
      crc.update(end.getReasonBytes().asReadOnlyByteBuffer());
    }
    return crc;
  }
}
