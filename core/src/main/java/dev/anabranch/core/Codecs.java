package dev.anabranch.core;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * The message forms that every method uses, exact to the bit unless a plan puts another value codec
 * under them.
 */
public final class Codecs {
  private static final int MAX_TENSORS = 1 << 20;

  private Codecs() {}

  /** 32-bit floats as they are: 4 bytes a value. */
  public static final Codec<Tensor> FP32 =
      new Codec<>() {
        @Override
        public String id() {
          return "fp32/1";
        }

        @Override
        public Fidelity fidelity() {
          return Fidelity.EXACT;
        }

        @Override
        public void encode(Tensor message, WireOut out, Memory memory) {
          out.headShape(message.shape());
          out.put(message.data());
        }

        @Override
        public Tensor decode(WireIn in, Memory memory) {
          long[] shape = in.headShape();
          return Tensor.view(in.get(Tensor.elements(shape) * Float.BYTES), in.owner(), shape);
        }
      };

  /** Named tensors, each by the value codec. */
  public static final Codec<TensorMap> TENSORS = new Maps(FP32);

  /** An update: its delta by the value codec, its two numbers as framing. */
  public static final Codec<Update> UPDATE = new Updates(TENSORS);

  /** Hidden states or their gradient: values by the value codec, lengths as framing. */
  public static final Codec<Hidden> HIDDEN = new Hiddens(FP32);

  /** One whole number of 8 bytes, as payload. */
  public static final Codec<Long> WHOLE =
      new Codec<>() {
        @Override
        public String id() {
          return "whole/1";
        }

        @Override
        public Fidelity fidelity() {
          return Fidelity.EXACT;
        }

        @Override
        public void encode(Long message, WireOut out, Memory memory) {
          out.reserve(8).set(WireOut.LONG, 0, message);
        }

        @Override
        public Long decode(WireIn in, Memory memory) {
          return in.get(8).get(WireOut.LONG, 0);
        }
      };

  /** One real number of 8 bytes, as payload. */
  public static final Codec<Double> REAL =
      new Codec<>() {
        @Override
        public String id() {
          return "real/1";
        }

        @Override
        public Fidelity fidelity() {
          return Fidelity.EXACT;
        }

        @Override
        public void encode(Double message, WireOut out, Memory memory) {
          WHOLE.encode(Double.doubleToRawLongBits(message), out, memory);
        }

        @Override
        public Double decode(WireIn in, Memory memory) {
          return Double.longBitsToDouble(WHOLE.decode(in, memory));
        }
      };

  private record Maps(Codec<Tensor> values) implements Codec<TensorMap> {
    @Override
    public String id() {
      return "tensors(" + values.id() + ")/1";
    }

    @Override
    public Fidelity fidelity() {
      return values.fidelity();
    }

    @Override
    public void encode(TensorMap message, WireOut out, Memory memory) {
      out.headInt(message.size());
      boolean plain = values.equals(FP32);
      for (var spec : message.specs()) {
        out.headText(spec.name());
        if (plain) {
          out.headShape(spec.dims());
        } else {
          values.encode(message.get(spec.name()), out, memory.scoped(spec.name()));
        }
      }
      if (plain) {
        out.put(message);
      }
    }

    @Override
    public TensorMap decode(WireIn in, Memory memory) {
      int n = in.headCount(MAX_TENSORS);
      var tensors = new LinkedHashMap<String, Tensor>();
      for (int i = 0; i < n; i++) {
        var name = in.headText();
        if (tensors.put(name, values.decode(in, memory.scoped(name))) != null) {
          throw new WireException("tensor '" + name + "' stands twice (expected: once)");
        }
      }
      return adjacent(tensors, in);
    }

    /** Tensors that lie one after another in the message need no copy. */
    private static TensorMap adjacent(LinkedHashMap<String, Tensor> tensors, WireIn in) {
      MemorySegment first = null;
      long bytes = 0;
      var specs = new ArrayList<TensorSpec>();
      for (var e : tensors.entrySet()) {
        var data = e.getValue().data();
        if (first == null) {
          first = data;
        } else if (data.address() != first.address() + bytes) {
          return TensorMap.of(tensors);
        }
        bytes += data.byteSize();
        specs.add(TensorSpec.of(e.getKey(), e.getValue().shape()));
      }
      if (first == null) {
        return TensorMap.empty();
      }
      return in.owner() instanceof Wire wire && contains(wire.body(), first, bytes)
          ? TensorMap.view(
              List.copyOf(specs),
              wire.body().asSlice(first.address() - wire.body().address(), bytes),
              wire)
          : TensorMap.of(tensors);
    }

    private static boolean contains(MemorySegment whole, MemorySegment first, long bytes) {
      long at = first.address() - whole.address();
      return at >= 0 && at + bytes <= whole.byteSize();
    }

    @Override
    public Codec<TensorMap> over(Codec<Tensor> other) {
      return new Maps(other);
    }
  }

  private record Updates(Codec<TensorMap> delta) implements Codec<Update> {
    @Override
    public String id() {
      return "update(" + delta.id() + ")/1";
    }

    @Override
    public Fidelity fidelity() {
      return delta.fidelity();
    }

    @Override
    public void encode(Update message, WireOut out, Memory memory) {
      out.headLong(message.examples());
      out.headDouble(message.loss());
      delta.encode(message.delta(), out, memory);
    }

    @Override
    public Update decode(WireIn in, Memory memory) {
      long examples = in.headLong();
      double loss = in.headDouble();
      return new Update(delta.decode(in, memory), examples, loss);
    }

    @Override
    public Codec<Update> over(Codec<Tensor> other) {
      return new Updates(delta.over(other));
    }
  }

  private record Hiddens(Codec<Tensor> values) implements Codec<Hidden> {
    @Override
    public String id() {
      return "hidden(" + values.id() + ")/1";
    }

    @Override
    public Fidelity fidelity() {
      return values.fidelity();
    }

    @Override
    public void encode(Hidden message, WireOut out, Memory memory) {
      out.headInts(message.lengths());
      values.encode(message.values(), out, memory);
    }

    @Override
    public Hidden decode(WireIn in, Memory memory) {
      int[] lengths = in.headInts();
      try {
        return new Hidden(values.decode(in, memory), lengths);
      } catch (IllegalArgumentException e) {
        throw new WireException(String.valueOf(e.getMessage()));
      }
    }

    @Override
    public Codec<Hidden> over(Codec<Tensor> other) {
      return new Hiddens(other);
    }
  }
}
