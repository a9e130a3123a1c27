package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireOut;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A state with notes, through a checkpoint. */
final class NotedTest {
  private static final CodecForm<Noted> STATES =
      new CodecForm<>() {
        private Noted of(TensorMap global, long seed) {
          var state = new Noted(global);
          var random = Seeds.stream(seed, "notes");
          for (int i = random.nextInt(4); i > 0; i--) {
            state.notes().put("last/device " + i, Double.longBitsToDouble(random.nextLong()));
          }
          return state;
        }

        @Override
        public Noted message(long shapes, long values, boolean wild) {
          return of(MAPS.message(shapes, values, wild), values);
        }

        @Override
        public Noted moderate(long shapes, long values) {
          return of(MAPS.moderate(shapes, values), values);
        }

        @Override
        public List<Noted> edges() {
          return MAPS.edges().stream().map(Noted::new).toList();
        }

        @Override
        public List<Tensor> tensors(Noted message) {
          return MAPS.tensors(message.global());
        }

        @Override
        public String rest(Noted message) {
          return message.global().specs() + " " + message.notes();
        }

        @Override
        public List<String> scopes(Noted message) {
          return MAPS.scopes(message.global());
        }

        @Override
        public String toString() {
          return "states";
        }
      };

  @Nested
  class Contract extends CodecContract<Noted> {
    Contract() {
      super(STATES);
    }

    @Override
    protected Codec<Noted> codec() {
      return Noted.CODEC;
    }

    @Override
    protected long payload(Noted message) {
      return 4 * message.global().elements();
    }
  }

  @Test
  void aCountThatIsTooLargeIsRefused() {
    var out = new WireOut();
    dev.anabranch.core.Codecs.TENSORS.encode(TensorMap.empty(), out, Memory.NONE);
    out.headInt(Integer.MAX_VALUE);
    var in = out.finish().open();
    assertThatThrownBy(() -> Noted.CODEC.decode(in, Memory.NONE))
        .isInstanceOf(WireException.class)
        .hasMessage("count: 2147483647 (expected: 0 to 67108864)");
  }

  @Test
  void nextVariablesKeepTheNotes() {
    var state = new Noted(TensorMap.empty());
    state.notes().put("a", 0.1 + 0.2);
    assertThat(state.with(TensorMap.empty()).notes()).isEqualTo(state.notes());
  }
}
