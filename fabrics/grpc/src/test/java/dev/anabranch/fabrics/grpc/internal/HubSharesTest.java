package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** What one link may have on its way shrinks as links become more: all of them fit into memory. */
class HubSharesTest {
  @Test
  void links_shareWhatMayBeOnItsWay() {
    var limits = Limits.DEFAULT;
    try (var hub = new GrpcHub(limits, new Random(1))) {
      assertThat(hub.window()).isEqualTo(limits.window());
      assertThat(hub.burst()).isEqualTo(1 << 20);
      for (int i = 0; i < 64; i++) {
        hub.open(Bench.key(i), Bench.spool(), Tally.NONE);
      }
      assertThat(hub.window()).isEqualTo(1 << 20);
      assertThat(hub.burst()).isEqualTo(512 << 10);
      for (int i = 64; i < 1000; i++) {
        hub.open(Bench.key(i), Bench.spool(), Tally.NONE);
      }
      // A frame always passes.
      assertThat(hub.window()).isEqualTo(limits.frame() + Piece.COST);
      assertThat(hub.burst()).isEqualTo(limits.frame() + Piece.COST);
    }
  }
}
