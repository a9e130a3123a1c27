package dev.anabranch.methods.overlap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Codecs;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireOut;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BlockStateTest {
  private static BlockState read(TensorMap... maps) {
    var out = new WireOut();
    for (var map : maps) {
      Codecs.TENSORS.encode(map, out, Memory.NONE);
    }
    return BlockState.read(out.finish().open(), Memory.NONE);
  }

  @Test
  void numbers_areRead_orRefusedByName() {
    var cohort = BlockState.numbers("cohort", 1, 4);
    var none = BlockState.numbers("versions");
    assertThat(read(none, cohort).cohort()).hasSize(2);
    assertThatThrownBy(() -> read(TensorMap.empty(), cohort))
        .isInstanceOf(WireException.class)
        .hasMessage("versions: [] (expected: numbers of this name)");
    var half = TensorMap.of(Map.of("versions", Tensor.of(new float[] {0.5f}, 1)));
    assertThatThrownBy(() -> read(half, cohort))
        .isInstanceOf(WireException.class)
        .hasMessage("versions: 0.5 (expected: whole numbers)");
    assertThatThrownBy(() -> read(none, BlockState.numbers("cohort", -1)))
        .isInstanceOf(WireException.class)
        .hasMessage("cohort: device -1 (expected: at least 0)");
  }
}
