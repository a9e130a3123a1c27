package dev.anabranch.fabrics.grpc.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Changes to inputs, drawn: the ones that decoders trip over. */
final class FuzzMutations {
  private static final long[] EXTREMES = {
    0,
    1,
    -1,
    127,
    128,
    255,
    1 << 16,
    1 << 30,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 32,
    1L << 40,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private FuzzMutations() {}

  /** One of the inputs with one to four changes. */
  static byte[] draw(List<byte[]> inputs, RandomGenerator random) {
    byte[] out = inputs.get(random.nextInt(inputs.size())).clone();
    for (int n = random.nextInt(1, 5); n > 0 && out.length > 0; n--) {
      out = change(out, inputs.get(random.nextInt(inputs.size())), random);
    }
    return out;
  }

  private static byte[] change(byte[] in, byte[] other, RandomGenerator random) {
    int at = random.nextInt(in.length);
    return switch (random.nextInt(8)) {
      case 0 -> {
        in[at] ^= (byte) (1 << random.nextInt(8));
        yield in;
      }
      case 1 -> {
        in[at] = (byte) random.nextInt();
        yield in;
      }
      case 2, 3 -> number(in, at, EXTREMES[random.nextInt(EXTREMES.length)], random.nextInt(1, 9));
      case 4 -> Arrays.copyOf(in, at);
      case 5 -> FuzzInput.join(in, Arrays.copyOf(in, at));
      case 6 -> {
        int until = random.nextInt(at, in.length) + 1;
        yield FuzzInput.join(
            Arrays.copyOf(in, at), Arrays.copyOfRange(in, at, until), tail(in, at));
      }
      default -> FuzzInput.join(Arrays.copyOf(in, at), tail(other, Math.min(at, other.length)));
    };
  }

  private static byte[] tail(byte[] in, int from) {
    return Arrays.copyOfRange(in, from, in.length);
  }

  private static byte[] number(byte[] in, int at, long value, int bytes) {
    byte[] eight = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    System.arraycopy(eight, 0, in, at, Math.min(bytes, in.length - at));
    return in;
  }
}
