package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class PartitionTest {
  private static Partition.Segment segment(String name, int from, int until) {
    return new Partition.Segment(name, from, until, NodeId.Role.DEVICE);
  }

  @Test
  void gapBetweenSegmentsIsNamed() {
    assertThatThrownBy(
            () -> new Partition(12, List.of(segment("head", 0, 2), segment("body", 3, 12))))
        .isInstanceOf(AnabranchException.class)
        .hasMessage("segment 'body' starts at layer: 3 (expected: 2)");
  }

  @Test
  void overlapIsNamed() {
    assertThatThrownBy(
            () -> new Partition(12, List.of(segment("head", 0, 2), segment("body", 1, 12))))
        .hasMessage("segment 'body' starts at layer: 1 (expected: 2)");
  }

  @Test
  void missingLayersAreNamed() {
    assertThatThrownBy(() -> new Partition(12, List.of(segment("head", 0, 11))))
        .hasMessage("segments end before layer: 11 (expected: 12)");
    assertThatThrownBy(() -> new Partition(12, List.of()))
        .hasMessage("segments end before layer: 0 (expected: 12)");
  }

  @Test
  void segmentsStayWithinTheModel() {
    assertThatThrownBy(() -> new Partition(12, List.of(segment("head", 0, 13))))
        .hasMessage("segment 'head' ends before layer: 13 (expected: 0 to 12)");
    assertThatThrownBy(
            () -> new Partition(12, List.of(segment("head", 0, 5), segment("body", 5, 4))))
        .hasMessage("segment 'body' ends before layer: 4 (expected: 5 to 12)");
  }

  @Test
  void uShapeLeavesTheBodyAtLeastOneLayer() {
    for (int cut1 = 0; cut1 <= 4; cut1++) {
      for (int cut2 = cut1 + 1; cut2 <= 4; cut2++) {
        var partition = Partition.uShape(4, cut1, cut2);
        assertThat(partition.segments().stream().mapToInt(Partition.Segment::layers).sum())
            .isEqualTo(4);
        assertThat(partition.segment("body").layers()).isEqualTo(cut2 - cut1);
        assertThat(partition.heldBy(NodeId.Role.DEVICE))
            .containsExactly(partition.segment("head"), partition.segment("tail"));
      }
    }
    assertThatThrownBy(() -> Partition.uShape(12, 13, 13))
        .hasMessage("headLayers: 13 (expected: 0 to 12)");
    assertThatThrownBy(() -> Partition.uShape(12, 4, 4))
        .hasMessage("tailLayers: 8 (expected: 0 to 7)");
  }

  @Test
  void unknownSegmentIsNamed() {
    assertThatThrownBy(() -> Partition.whole(2, NodeId.Role.DEVICE).segment("neck"))
        .hasMessageStartingWith("segment 'neck' (expected: one of ");
  }
}
