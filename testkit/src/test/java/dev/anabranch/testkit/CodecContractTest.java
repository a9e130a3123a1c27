package dev.anabranch.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The kit passes a sound codec and finds planted faults. */
class CodecContractTest {
  /** The plain codec of 4 bytes a value; each fault overrides one method. */
  private static class Plain implements Codec<Tensor> {
    @Override
    public String id() {
      return "plain/1";
    }

    @Override
    public Fidelity fidelity() {
      return Fidelity.EXACT;
    }

    @Override
    public void encode(Tensor message, WireOut out, Memory memory) {
      Codecs.FP32.encode(message, out, memory);
    }

    @Override
    public Tensor decode(WireIn in, Memory memory) {
      return Codecs.FP32.decode(in, memory);
    }
  }

  private static CodecContract<Tensor> contract(Supplier<Codec<Tensor>> codec, int bytes) {
    return new CodecContract<>(CodecForm.TENSORS) {
      @Override
      protected Codec<Tensor> codec() {
        return codec.get();
      }

      @Override
      protected long payload(Tensor message) {
        return bytes * message.elements();
      }

      @Override
      protected double bound(float value, float largest) {
        return 0.5;
      }
    };
  }

  private interface Check {
    void run(CodecContract<Tensor> contract) throws Exception;
  }

  private static void finds(Supplier<Codec<Tensor>> faulty, Check check) {
    assertThatThrownBy(() -> check.run(contract(faulty, 4))).isInstanceOf(AssertionError.class);
    assertThatCode(() -> check.run(contract(Plain::new, 4))).doesNotThrowAnyException();
  }

  private static Tensor map(Tensor in, java.util.function.UnaryOperator<Float> change) {
    var out = Tensor.zeros(in.shape());
    for (long i = 0; i < in.elements(); i++) {
      out.set(i, change.apply(in.get(i)));
    }
    return out;
  }

  @Test
  void findsALostSignOfZero() {
    finds(
        () ->
            new Plain() {
              @Override
              public Tensor decode(WireIn in, Memory memory) {
                return map(super.decode(in, memory), v -> v + 0f);
              }
            },
        CodecContract::keepsTheFidelityItClaims);
  }

  @Test
  void findsABoundThatIsNotKept() {
    finds(
        () ->
            new Plain() {
              @Override
              public Fidelity fidelity() {
                return Fidelity.ROUNDED;
              }

              @Override
              public Tensor decode(WireIn in, Memory memory) {
                return map(super.decode(in, memory), v -> v < 1 ? v + 0.4f : v + 0.6f);
              }
            },
        CodecContract::keepsTheFidelityItClaims);
  }

  @Test
  void findsASparseCodecThatMovesValues() {
    finds(
        () ->
            new Plain() {
              @Override
              public Fidelity fidelity() {
                return Fidelity.SPARSE;
              }

              @Override
              public Tensor decode(WireIn in, Memory memory) {
                return map(super.decode(in, memory), v -> v > 1 ? Math.nextUp(v) : 0f);
              }
            },
        CodecContract::keepsTheFidelityItClaims);
  }

  @Test
  void findsAFormulaThatIsNotTheBytes() {
    assertThatThrownBy(() -> contract(Plain::new, 5).chargesTheBytesThatItWrites())
        .isInstanceOf(AssertionError.class);
  }

  /** Remembers in the object what belongs in a link's memory. */
  private static final class Counting extends Plain {
    private int messages;

    @Override
    public void encode(Tensor message, WireOut out, Memory memory) {
      int count = messages++;
      super.encode(map(message, v -> v + count), out, memory);
    }
  }

  @Test
  void findsStateInTheObject() {
    finds(Counting::new, CodecContract::decodesAfterOtherMessagesWentThroughTheSameObject);
    finds(Counting::new, CodecContract::writesTheSameBytesForTheSameMessage);
    finds(Counting::new, CodecContract::keepsLinksApart);
    assertThatThrownBy(() -> contract(Counting::new, 4).servesThreadsAtOnce())
        .hasRootCauseInstanceOf(AssertionError.class);
  }

  @Test
  void findsAnIdWithoutVersion() {
    finds(
        () ->
            new Plain() {
              @Override
              public String id() {
                return "plain";
              }
            },
        CodecContract::hasAnIdThatStaysAndNamesItsWireVersion);
  }

  @Test
  void findsResidualsThatAreLost() {
    finds(
        () ->
            new Plain() {
              @Override
              public void encode(Tensor message, WireOut out, Memory memory) {
                memory.put("residual", TensorMap.of(Map.of("residual", message)));
                super.encode(map(message, v -> v / 2), out, memory);
              }
            },
        CodecContract::losesNothingThatItRemembers);
  }

  /** Allocates what the message says before it looks at what is there. */
  @Test
  void findsTrustInLengths() {
    finds(
        () ->
            new Plain() {
              @Override
              public Tensor decode(WireIn in, Memory memory) {
                long[] shape = in.headShape();
                float[] room = new float[(int) Math.min(1 << 23, Tensor.elements(shape))];
                var data = in.get(Tensor.elements(shape) * Float.BYTES);
                return Tensor.view(data, room, shape);
              }
            },
        CodecContract::survivesGarbage);
  }

  @Test
  void findsBytesThatAreLeftUnread() {
    finds(
        () ->
            new Plain() {
              @Override
              public Tensor decode(WireIn in, Memory memory) {
                long[] shape = in.headShape();
                in.get(in.left());
                return Tensor.zeros(shape.length == 0 ? new long[0] : new long[] {0});
              }
            },
        CodecContract::refusesMessagesThatAreCutShortOrTooLong);
  }
}
