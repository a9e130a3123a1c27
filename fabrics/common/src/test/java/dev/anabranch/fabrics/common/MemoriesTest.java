package dev.anabranch.fabrics.common;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MemoriesTest {
  private static final NodeId DEVICE = NodeId.device(2);

  private final Memories memories = new Memories();

  private static TensorMap value(float x) {
    return TensorMap.of(Map.of("x", Tensor.of(new float[] {x}, 1)));
  }

  @Test
  void writesLast_onceTheyAreCommitted() {
    var visit = memories.open(DEVICE);
    visit.put("k", value(1));
    assertThat(visit.written()).isTrue();
    assertThat(visit.get("k").orElseThrow().get("x").get(0)).isEqualTo(1);
    assertThat(memories.open(DEVICE).get("k")).isEmpty();
    memories.commit(DEVICE, visit);
    assertThat(visit.written()).isFalse();
    assertThat(memories.open(DEVICE).get("k")).isPresent();
    assertThat(memories.open(NodeId.COORDINATOR).get("k")).isEmpty();
    assertThat(new Memories(memories.all()).open(DEVICE).get("k")).isPresent();
  }

  @Test
  void whatWasRemoved_isGone_butForOthersOnlyWhenCommitted() {
    var first = memories.open(DEVICE);
    first.put("k", value(1));
    memories.commit(DEVICE, first);
    var second = memories.open(DEVICE);
    second.remove("k");
    assertThat(second.get("k")).isEmpty();
    assertThat(memories.get(DEVICE, "k")).isNotNull();
    memories.commit(DEVICE, second);
    assertThat(memories.all()).isEmpty();
  }
}
