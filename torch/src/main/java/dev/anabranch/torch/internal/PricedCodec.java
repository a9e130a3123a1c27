package dev.anabranch.torch.internal;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A value codec that charges for a thin tensor what another codec makes of a full one; all others
 * it writes as that codec does. The price of a shape is found by encoding zeros once: no value
 * codec's size depends on values. Thread-safe.
 *
 * <p>A thin tensor of shape [s1, …, sn] has the shape [0, s1, …, sn], and so no elements.
 *
 * @param codec the real one
 */
public record PricedCodec(Codec<Tensor> codec, Map<List<Long>, Price> prices)
    implements Codec<Tensor> {
  private static final int THIN = 1;
  private static final int FULL = 0;

  /** Bytes of one tensor. */
  public record Price(long payload, long framing) {}

  public PricedCodec(Codec<Tensor> codec) {
    this(codec, new ConcurrentHashMap<>());
  }

  /** The thin shape that stands for a shape. */
  static long[] thin(long... shape) {
    long[] out = new long[shape.length + 1];
    System.arraycopy(shape, 0, out, 1, shape.length);
    return out;
  }

  @Override
  public String id() {
    return codec.id();
  }

  @Override
  public Fidelity fidelity() {
    return codec.fidelity();
  }

  @Override
  public void encode(Tensor message, WireOut out, Memory memory) {
    long[] shape = message.shape();
    if (shape.length < 1 || shape[0] != 0) {
      out.headInt(FULL);
      out.absent(0, -Integer.BYTES);
      codec.encode(message, out, memory);
      return;
    }
    var price = price(Arrays.copyOfRange(shape, 1, shape.length));
    out.headInt(THIN);
    out.headShape(shape);
    out.absent(
        price.payload, price.framing - 2L * Integer.BYTES - (long) Long.BYTES * shape.length);
  }

  private Price price(long[] shape) {
    return prices.computeIfAbsent(Arrays.stream(shape).boxed().toList(), key -> measure(shape));
  }

  private Price measure(long[] shape) {
    var out = new WireOut();
    try (var zeros = Tensor.zeros(shape)) {
      codec.encode(zeros, out, Memory.NONE);
      try (var wire = out.finish()) {
        return new Price(wire.payloadBytes(), wire.framingBytes());
      }
    }
  }

  @Override
  public Tensor decode(WireIn in, Memory memory) {
    return in.headCount(THIN) == THIN ? Tensor.zeros(in.headShape()) : codec.decode(in, memory);
  }
}
