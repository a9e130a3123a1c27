package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireOut;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A state with notes, through a checkpoint. */
final class NotedTest {
  @Test
  void comesBackToTheBit() {
    var state = new Noted(TensorMap.of(Map.of("w", Tensor.of(new float[] {1, -0f, 3e-40f}, 3))));
    state.notes().put("last/device 3", 0.1 + 0.2);
    state.notes().put("a", Double.NaN);
    var out = new WireOut();
    Noted.CODEC.encode(state, out, Memory.NONE);
    var back = Noted.CODEC.decode(out.finish().open(), Memory.NONE);
    assertThat(back.global().sha256()).isEqualTo(state.global().sha256());
    assertThat(back.notes()).isEqualTo(state.notes());
  }

  @Test
  void aCountThatIsTooLargeIsRefused() {
    var out = new WireOut();
    dev.anabranch.core.Codecs.TENSORS.encode(TensorMap.empty(), out, Memory.NONE);
    out.headInt(Integer.MAX_VALUE);
    var in = out.finish().open();
    assertThatThrownBy(() -> Noted.CODEC.decode(in, Memory.NONE)).isInstanceOf(WireException.class);
  }
}
