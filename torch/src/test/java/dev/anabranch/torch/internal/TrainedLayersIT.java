package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Hand-written passes against autograd over {@link BertLayers}. */
class TrainedLayersIT {
  private static final List<String> QUERY_VALUE =
      List.of("attention.self.query", "attention.self.value");
  // The softmax does not change with the bias of the keys: its gradient is rounding alone.
  private static final String KEY_BIAS = "key.bias";

  private static Stream<String> kinds() {
    return Stream.of(
        "nothing",
        "lora query and value",
        "lora everywhere",
        "lora above",
        "everything",
        "biases",
        "keys of layer 2",
        "last norm",
        "feed-forward and lora");
  }

  private static LayerFixture.Trained of(LayerFixture fixture, String kind) {
    return switch (kind) {
      case "nothing" -> fixture.nothing();
      case "lora query and value" -> fixture.updated(fixture.nothing(), QUERY_VALUE, 0);
      case "lora everywhere" -> fixture.updated(fixture.nothing(), LayerFixture.MODULES, 0);
      case "lora above" -> fixture.updated(fixture.nothing(), List.of("output.dense"), 2);
      case "everything" -> fixture.trained("encoder");
      case "biases" -> fixture.trained(".bias");
      case "keys of layer 2" -> fixture.trained("layer.2.attention.self.key");
      case "last norm" -> fixture.trained("layer.3.output.LayerNorm.weight");
      default -> fixture.updated(fixture.trained("layer.2.intermediate"), QUERY_VALUE, 2);
    };
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void equalsAutogradInFp32(String kind) {
    try (var scope = new PointerScope()) {
      var fixture = new LayerFixture(7);
      var weights = fixture.weights(ScalarType.Float);
      for (boolean padded : new boolean[] {false, true}) {
        Tensor mask = padded ? fixture.mask : null;
        for (int from : new int[] {0, 1}) {
          for (int until : new int[] {3, 4}) {
            var trained = of(fixture, kind);
            var expected = fixture.autograd(weights, trained, mask, from, until);
            for (var keep : List.of(TrainedLayers.Keep.INPUT, TrainedLayers.Keep.PARAMETERS)) {
              var actual = fixture.byHand(weights, trained, mask, from, until, keep);
              if (keep == TrainedLayers.Keep.PARAMETERS) {
                assertThat(actual).doesNotContainKey("in");
                actual.put("in", LayerFixture.get(expected, "in"));
              }
              assertClose(actual, expected, 1e-5);
            }
          }
        }
      }
      weights.close();
    }
  }

  private static void assertClose(
      Map<String, Tensor> actual, Map<String, Tensor> expected, double most) {
    assertThat(actual.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
    expected.forEach((name, value) -> {
      if (!name.endsWith(KEY_BIAS)) {
        assertThat(LayerFixture.distance(LayerFixture.get(actual, name), value))
            .as(name)
            .isLessThan(most);
      }
    });
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void bf16IsAsFarFromFp32AsAutogradIs(String kind) {
    if (!LibTorch.bf16()) {
      return; // the layers are bf16 only where the processor multiplies it
    }
    try (var scope = new PointerScope()) {
      var fixture = new LayerFixture(7);
      var wide = fixture.weights(ScalarType.Float);
      var narrow = fixture.weights(ScalarType.BFloat16);
      var trained = of(fixture, kind);
      var exact = fixture.autograd(wide, trained, fixture.mask, 0, 4);
      var auto = fixture.autograd(narrow, trained, fixture.mask, 0, 4);
      var hand = fixture.byHand(narrow, trained, fixture.mask, 0, 4, TrainedLayers.Keep.INPUT);
      double worst = 0;
      for (String name : exact.keySet()) {
        if (!name.endsWith(KEY_BIAS)) {
          worst =
              Math.max(
                  worst,
                  LayerFixture.distance(
                      LayerFixture.get(auto, name), LayerFixture.get(exact, name)));
        }
      }
      assertClose(hand, exact, 2 * worst);
      wide.close();
      narrow.close();
    }
  }

  @Test
  void gradientsAddUp() {
    try (var scope = new PointerScope()) {
      var fixture = new LayerFixture(7);
      var weights = fixture.weights(ScalarType.Float);
      var layers = new TrainedLayers(weights, 0, 4, fixture.trained("encoder"), macs -> {});
      var once = new HashMap<String, Tensor>();
      var twice = new HashMap<String, Tensor>();
      for (var into : List.of(once, twice, twice)) {
        var result = layers.forward(fixture.hidden, null, TrainedLayers.Keep.PARAMETERS);
        layers.backward(result.tape(), fixture.gradient, into);
      }
      once.forEach((name, gradient) ->
          assertThat(LayerFixture.get(twice, name).equal(gradient.add(gradient)))
              .as(name)
              .isTrue());
      weights.close();
    }
  }

  @Test
  void lanesGiveTheSameBits() throws InterruptedException {
    for (var type : List.of(ScalarType.Float, ScalarType.BFloat16)) {
      if (type == ScalarType.BFloat16 && !LibTorch.bf16()) {
        continue;
      }
      var weights = new LayerFixture(7).weights(type);
      var alone = floats(weights);
      var lanes = new ArrayList<Thread>();
      var results = new ArrayList<Map<String, float[]>>();
      for (int lane = 0; lane < 2; lane++) {
        lanes.add(
            Thread.ofPlatform()
                .start(() -> {
                  var own = floats(weights);
                  synchronized (results) {
                    results.add(own);
                  }
                }));
      }
      for (Thread lane : lanes) {
        lane.join();
      }
      assertThat(results).hasSize(2);
      for (var result : results) {
        assertThat(result.keySet()).isEqualTo(alone.keySet());
        alone.forEach(
            (name, values) -> assertThat(result.get(name)).as(name).containsExactly(values));
      }
      weights.close();
    }
  }

  private static Map<String, float[]> floats(BertWeights weights) {
    var floats = new HashMap<String, float[]>();
    try (var scope = new PointerScope()) {
      var fixture = new LayerFixture(7);
      var trained = fixture.updated(fixture.trained("layer.2"), LayerFixture.MODULES, 0);
      fixture
          .byHand(weights, trained, fixture.mask, 0, 4, TrainedLayers.Keep.INPUT)
          .forEach((name, tensor) -> floats.put(name, Tensors.floats(tensor)));
    }
    return floats;
  }

  @Test
  void countsWhatItMultiplies() {
    try (var scope = new PointerScope()) {
      var fixture = new LayerFixture(7);
      var weights = fixture.weights(ScalarType.Float);
      long m = LayerFixture.BATCH * LayerFixture.TOKENS;
      long d = LayerFixture.CONFIG.width();
      long maps = m * (4 * d * d + 2 * d * LayerFixture.CONFIG.intermediate());
      long attention = m * LayerFixture.TOKENS * d;
      var trained = fixture.trained("encoder");
      var macs = new AtomicLong();
      var layers = new TrainedLayers(weights, 0, 4, trained, macs::addAndGet);
      var result = layers.forward(fixture.hidden, null, TrainedLayers.Keep.PARAMETERS);
      assertThat(macs.getAndSet(0)).isEqualTo(4 * (maps + 2 * attention));
      layers.backward(result.tape(), fixture.gradient, new HashMap<>());
      assertThat(macs.get()).isEqualTo(4 * (2 * maps + 5 * attention) - 3 * m * d * d);
      weights.close();
    }
  }

  @Test
  void frozenRangesMayBeChained() {
    try (var scope = new PointerScope()) {
      var fixture = new LayerFixture(7);
      var weights = fixture.weights(ScalarType.Float);
      var expected = fixture.autograd(weights, fixture.nothing(), fixture.mask, 0, 4);
      var frozen = new FrozenLayers(weights);
      try (var trace = frozen.trace(fixture.hidden, fixture.mask)) {
        Tensor middle = frozen.forward(fixture.hidden, trace, 0, 2);
        Tensor out = frozen.forward(middle, trace, 2, 4);
        Tensor in = frozen.backward(trace, fixture.gradient);
        assertThat(LayerFixture.distance(out, LayerFixture.get(expected, "out"))).isLessThan(1e-5);
        assertThat(LayerFixture.distance(in, LayerFixture.get(expected, "in"))).isLessThan(1e-5);
      }
      weights.close();
    }
  }

  @Test
  void refusesWhatItCannotDifferentiate() {
    try (var scope = new PointerScope()) {
      var fixture = new LayerFixture(7);
      var weights = fixture.weights(ScalarType.Float);
      var hooks =
          new Hooks() {
            @Override
            public Hooks.@Nullable Prefix prefix(int layer) {
              return layer == 1 ? new Hooks.Prefix(fixture.hidden, fixture.hidden) : null;
            }
          };
      assertThatThrownBy(() -> new TrainedLayers(weights, 0, 4, hooks, macs -> {}))
          .hasMessage("hooks: an adapter or a prefix in layer 1 (expected: use BertLayers)");
      weights.close();
    }
  }
}
