package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The meter against counts by hand: multiply-accumulates, forward 1 F, backward 2 F. */
class MacsIT {
  /** Sizes of a model and of a batch. */
  private record Sizes(long layers, long d, long m, long b, long t, long classes) {
    long linears(long positions) {
      return b * positions * (4 * d * d + 2 * d * m);
    }

    long attention(long positions) {
      return 2 * b * positions * positions * d;
    }

    long layer(long positions) {
      return linears(positions) + attention(positions);
    }

    long classifier() {
      return b * d * classes;
    }
  }

  private static long macs(TorchEngine engine, ModelUse use, Sizes s, boolean gradient) {
    var batch =
        Given.batch(1, (int) s.b(), (int) s.t(), engine.shapes().vocabulary(), (int) s.classes());
    var model = Given.on(engine, () -> engine.open(use, NodeId.Role.DEVICE, 1));
    try {
      return engine
          .lanes()
          .run(
              () -> gradient ? model.route().lossAndGradient(batch) : model.route().loss(batch),
              false)
          .macs();
    } finally {
      model.close();
    }
  }

  private static void check(TorchEngine engine, Sizes s) {
    int layers = (int) s.layers();
    long forward = s.layers() * s.layer(s.t()) + s.classifier();
    var full = Given.whole(layers, new Parameterisation.Everything());
    assertThat(macs(engine, full, s, false)).isEqualTo(forward);
    assertThat(macs(engine, full, s, true)).isEqualTo(3 * forward);
    var head = Given.whole(layers, new Parameterisation.HeadOnly());
    assertThat(macs(engine, head, s, true)).isEqualTo(forward + s.classifier());

    // LoRA of rank r on query and value: nothing passes below layer 0's own variables
    long r = 4;
    long low = s.b() * s.t() * r * s.d();
    var lora = Given.whole(layers, new Parameterisation.Lora(4, 8, List.of("query", "value")));
    long backward =
        s.layers() * (s.linears(s.t()) + 2 * s.attention(s.t()) + 8 * low)
            - 3 * s.b() * s.t() * s.d() * s.d() // the input of layer 0's query, key, value
            - 2 * low
            + 2 * s.classifier();
    assertThat(macs(engine, lora, s, true)).isEqualTo(forward + s.layers() * 4 * low + backward);
  }

  @Test
  void tinyEqualsTheHandCount() throws Exception {
    try (var engine = Given.tinyEngine(Pooling.MEAN, 1)) {
      check(engine, new Sizes(3, 32, 48, 4, 9, 3));
    }
  }

  @Test
  void miniLmEqualsTheHandCount() {
    try (var engine = Given.miniLm(Precision.AUTO, 1)) {
      check(engine, new Sizes(6, 384, 1536, 2, 8, 2));
    }
  }

  @Test
  void splitWithPromptsEqualsTheHandCount() {
    try (var engine = Given.miniLm(Precision.AUTO, 1)) {
      var s = new Sizes(6, 384, 1536, 2, 8, 2);
      long p = 10 + s.t();
      var use =
          new ModelUse(
              Partition.uShape(6, 1, 5),
              Map.of(
                  "head",
                  new SoftPrompt(10, Placing.EMBEDDED),
                  "tail",
                  new Parameterisation.Everything()));
      var batch = Given.batch(1, 2, 8, 30_000, 2);
      var device = Given.on(engine, () -> engine.open(use, NodeId.Role.DEVICE, 1));
      var body = Given.on(engine, () -> engine.open(use, NodeId.Role.BODY, 1));
      var lanes = engine.lanes();
      var a1 = lanes.run(() -> device.head().forward(batch), false);
      assertThat(a1.macs()).isEqualTo(s.layer(p));
      var a2 = lanes.run(() -> body.block("body").forward(a1.value()), false);
      assertThat(a2.macs()).isEqualTo(4 * s.layer(p));
      var tail =
          lanes.run(
              () -> device.tail().lossAndGradient(a1.value().withValues(a2.value()), batch), false);
      assertThat(tail.macs()).isEqualTo(3 * (s.layer(p) + s.classifier()));
      var g1 =
          lanes.run(() -> body.block("body").backward(a1.value(), tail.value().gradient()), false);
      // frozen: one F for the linear maps, while attention has two factors to differentiate
      assertThat(g1.macs()).isEqualTo(4 * (s.linears(p) + 2 * s.attention(p)));
      var last =
          lanes.run(
              () -> {
                device.head().backward(batch, g1.value());
                return true;
              },
              false);
      assertThat(last.macs()).isEqualTo(s.linears(p) + 2 * s.attention(p));
      device.close();
      body.close();
    }
  }
}
