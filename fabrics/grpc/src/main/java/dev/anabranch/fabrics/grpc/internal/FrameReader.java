package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.anabranch.fabrics.grpc.internal.proto.End;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import dev.anabranch.fabrics.grpc.internal.proto.Opening;
import dev.anabranch.fabrics.grpc.internal.proto.Welcome;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@link Frame} from its protobuf form. By hand, because a frame is not trusted: every
 * length is compared with what is there and with its limit before anything is allocated, and the
 * data is copied once, straight to where it is used. Belongs to one frame.
 */
final class FrameReader {
  /** Most bytes of a field that is not {@code data}. */
  static final int MAX_FIELD = 32 << 10;

  /** Most bytes of a frame. */
  static final int MAX_WIRE = Limits.MAX_FRAME + (64 << 10);

  private static final byte[] NOTHING = {};

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final InputStream in;
  private int left;

  private @Nullable Hello hello;
  private @Nullable Welcome welcome;
  private long acknowledged;
  private long number;
  private int checksum;
  private @Nullable Opening opening;
  private @Nullable End end;
  private @Nullable String abort;
  private byte @Nullable [] data;
  private int length;

  private FrameReader(InputStream in, int size) {
    this.in = in;
    this.left = size;
  }

  private static final class BadFrame extends Exception {
    private static final long serialVersionUID = 1L;

    BadFrame(String reason) {
      super(reason, null, false, false);
    }
  }

  /**
   * @param size of the frame, all of which can be read without waiting
   */
  static Inbound read(InputStream in, int size) {
    if (size > MAX_WIRE) {
      return new Inbound.Malformed(
          "frame: " + size + " bytes (expected: at most " + MAX_WIRE + ")");
    }
    try {
      return new FrameReader(in, size).frame(size);
    } catch (BadFrame | InvalidProtocolBufferException e) {
      return new Inbound.Malformed("frame: " + e.getMessage());
    } catch (IOException e) {
      return new Inbound.Malformed("frame: " + e);
    }
  }

  private Received frame(int size) throws IOException, BadFrame {
    while (left > 0) {
      long tag = varint();
      if (tag >>> 3 > 0x1fffffff || tag >>> 3 == 0) {
        throw new BadFrame("a field without a number");
      }
      field((int) (tag >>> 3), (int) (tag & 7));
    }
    var bytes = data == null ? NOTHING : data;
    return new Received(
        hello, welcome, acknowledged, number, checksum, opening, end, abort, bytes, length, size);
  }

  private void field(int field, int type) throws IOException, BadFrame {
    switch (field) {
      case Frame.HELLO_FIELD_NUMBER -> hello = message(type, hello, Hello.parser());
      case Frame.WELCOME_FIELD_NUMBER -> welcome = message(type, welcome, Welcome.parser());
      case Frame.ACKNOWLEDGED_FIELD_NUMBER -> acknowledged = count(type);
      case Frame.NUMBER_FIELD_NUMBER -> number = count(type);
      case Frame.CHECKSUM_FIELD_NUMBER -> {
        expect(type, FIXED32);
        checksum = fixed32();
      }
      case Frame.OPENING_FIELD_NUMBER -> opening = message(type, opening, Opening.parser());
      case Frame.END_FIELD_NUMBER -> end = message(type, end, End.parser());
      case Frame.ABORT_FIELD_NUMBER -> {
        expect(type, BYTES);
        var text = ByteString.copyFrom(bytes(MAX_FIELD));
        if (!text.isValidUtf8()) {
          throw new BadFrame("abort: not UTF-8");
        }
        abort = text.toStringUtf8();
      }
      case Frame.DATA_FIELD_NUMBER -> {
        expect(type, BYTES);
        if (data != null) {
          throw new BadFrame("data twice");
        }
        length = length(Limits.MAX_FRAME);
        data = read(FrameRoom.take(length), length);
      }
      default -> skip(type);
    }
  }

  private void expect(int type, int wanted) throws BadFrame {
    if (type != wanted) {
      throw new BadFrame("a field of type " + type + " (expected: " + wanted + ")");
    }
  }

  private <M> M message(int type, @Nullable M before, Parser<M> parser)
      throws IOException, BadFrame {
    expect(type, BYTES);
    if (before != null) {
      throw new BadFrame("a part twice");
    }
    return parser.parseFrom(bytes(MAX_FIELD));
  }

  private long count(int type) throws IOException, BadFrame {
    expect(type, VARINT);
    long value = varint();
    if (value < 0) {
      throw new BadFrame("number " + Long.toUnsignedString(value) + " (expected: below 2^63)");
    }
    return value;
  }

  private void skip(int type) throws IOException, BadFrame {
    switch (type) {
      case VARINT -> varint();
      case FIXED64 -> {
        fixed32();
        fixed32();
      }
      case BYTES -> bytes(MAX_FIELD);
      case FIXED32 -> fixed32();
      default -> throw new BadFrame("a field of type " + type + " (expected: 0, 1, 2 or 5)");
    }
  }

  private int read() throws IOException, BadFrame {
    int b = left > 0 ? in.read() : -1;
    if (b < 0) {
      throw new BadFrame("cut short");
    }
    left--;
    return b;
  }

  private long varint() throws IOException, BadFrame {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      int b = read();
      if (shift == 63 && b != 1) { // more than 64 bits, or longer than it need be
        throw new BadFrame("a number with " + b + " as its 10th byte (expected: 1)");
      }
      value |= (b & 0x7fL) << shift;
      if (b < 0x80) {
        return value;
      }
    }
  }

  private int fixed32() throws IOException, BadFrame {
    int value = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      value |= read() << shift;
    }
    return value;
  }

  private byte[] bytes(int most) throws IOException, BadFrame {
    int bytes = length(most);
    return read(new byte[bytes], bytes);
  }

  private int length(int most) throws IOException, BadFrame {
    long length = varint();
    if (length < 0 || length > left) {
      throw new BadFrame(
          "a field of "
              + Long.toUnsignedString(length)
              + " bytes (expected: at most "
              + left
              + ")");
    }
    if (length > most) {
      throw new BadFrame("a field of " + length + " bytes (expected: at most " + most + ")");
    }
    return (int) length;
  }

  private byte[] read(byte[] out, int bytes) throws IOException, BadFrame {
    if (in.readNBytes(out, 0, bytes) != bytes) {
      throw new BadFrame("cut short");
    }
    left -= bytes;
    return out;
  }
}
