package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class HeldTest {
  private static final Partition CUT = Partition.uShape(4, 1, 3);
  private static final ModelUse USE =
      new ModelUse(
          CUT,
          Map.of(
              "head", new SoftPrompt(2, SoftPrompt.Placing.EMBEDDED),
              "tail", new Parameterisation.Everything()));
  private static final Held DEVICE = new Held(USE, CUT.heldBy(NodeId.Role.DEVICE));
  private static final Held BODY = new Held(USE, CUT.heldBy(NodeId.Role.BODY));

  @Test
  void aRoute_leadsFromTheInputToTheLossThroughWhatIsHere() {
    assertThat(DEVICE.route()).isEqualTo(DEVICE.segments());
    assertThat(DEVICE.route("head", "tail")).isEqualTo(DEVICE.segments());
    assertThat(new Held(USE, CUT.segments()).route()).isEqualTo(CUT.segments());
    assertThatThrownBy(() -> DEVICE.route("head", "body", "tail"))
        .hasMessage(
            "route: [head, body, tail] (expected: segments held here, from 'head' to 'tail';"
                + " held: [head, tail])");
    assertThatThrownBy(() -> DEVICE.route("tail")).hasMessageStartingWith("route: [tail] (exp");
    assertThatThrownBy(BODY::route).hasMessageStartingWith("route: [body] (expected:");
  }

  @Test
  void whatIsElsewhere_isRefused() {
    assertThat(DEVICE.head()).isEqualTo(CUT.segment("head"));
    assertThat(DEVICE.tail()).isEqualTo(CUT.segment("tail"));
    assertThat(BODY.inner("body")).isEqualTo(CUT.segment("body"));
    assertThatThrownBy(() -> DEVICE.inner("body"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("segment 'body' (expected: one held here: [head, tail])");
    assertThatThrownBy(() -> DEVICE.inner("tail")).hasMessageStartingWith("segment 'tail' (exp");
    assertThatThrownBy(BODY::head).hasMessage("segment 'head' (expected: one held here: [body])");
    assertThatThrownBy(BODY::tail).hasMessage("segment 'tail' (expected: one held here: [body])");
    assertThatThrownBy(() -> BODY.segment("tail")).hasMessageStartingWith("segment 'tail' (exp");
  }

  @Test
  void whatIsTrained_isKnownOfEverySegment() {
    assertThat(BODY.placing()).isEqualTo(SoftPrompt.Placing.EMBEDDED);
    assertThat(new Held(new ModelUse(CUT, Map.of()), CUT.segments()).placing()).isNull();
    assertThat(DEVICE.everything(CUT.segment("tail"))).isTrue();
    assertThat(DEVICE.everything(CUT.segment("head"))).isFalse();
    assertThat(DEVICE.trainsBelow(s -> s.name().equals("body") ? some() : List.of())).isTrue();
    assertThat(DEVICE.trainsBelow(s -> s.name().equals("tail") ? some() : List.of())).isFalse();
  }

  private static List<TensorSpec> some() {
    return List.of(TensorSpec.of("w", 1));
  }
}
