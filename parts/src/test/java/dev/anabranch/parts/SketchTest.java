package dev.anabranch.parts;

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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Variables of which the smallest are known by sign alone. */
final class SketchTest {
  /** Sketches of maps at ratios that follow from the seed. */
  private static final CodecForm<Sketch> SKETCHES =
      new CodecForm<>() {
        private Sketch of(TensorMap map, long seed) {
          var random = Seeds.stream(seed, "ratio");
          double share = random.nextInt(4) == 0 ? random.nextInt(2) : random.nextDouble();
          return Sketch.of(map, share, random.nextBoolean());
        }

        @Override
        public Sketch message(long shapes, long values, boolean wild) {
          return of(MAPS.message(shapes, values, wild), shapes);
        }

        @Override
        public Sketch moderate(long shapes, long values) {
          return of(MAPS.moderate(shapes, values), shapes);
        }

        @Override
        public List<Sketch> edges() {
          return MAPS.edges().stream().map(map -> Sketch.of(map, 1, true)).toList();
        }

        @Override
        public List<Tensor> tensors(Sketch message) {
          return MAPS.tensors(message.recover(null));
        }

        @Override
        public String rest(Sketch message) {
          return message.specs() + " " + message.k() + " " + message.signs();
        }

        @Override
        public List<String> scopes(Sketch message) {
          return message.specs().stream().map(spec -> "").toList();
        }

        @Override
        public String toString() {
          return "sketches";
        }
      };

  @Nested
  class Contract extends CodecContract<Sketch> {
    Contract() {
      super(SKETCHES);
    }

    @Override
    protected Codec<Sketch> codec() {
      return Sketch.CODEC;
    }

    @Override
    protected long payload(Sketch m) {
      long d = FlatSpecs.elements(m.specs());
      long k = m.k();
      return k == 0 ? 4 * d : 4 * (d - k) + (d + 7) / 8 + (m.signs() ? (k + 7) / 8 + 8 : 0);
    }

    @Override
    protected double expansion() {
      return 40; // a bit and a sign stand for four bytes
    }
  }

  private static TensorMap random(long seed, int n, double spread, @Nullable TensorMap around) {
    var random = Seeds.stream(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (spread * random.nextGaussian());
    }
    var map = TensorMap.of(Map.of("w", Tensor.of(values, n)));
    return around == null ? map : around.plus(map);
  }

  @Test
  void ownExactCopyRecoversEverything() {
    var w = random(1, 1000, 1, null);
    for (double share : new double[] {0, 0.1, 0.5, 0.9, 1}) {
      assertThat(Sketch.of(w, share, true).recover(w).sha256()).isEqualTo(w.sha256());
    }
  }

  @Test
  void aSlightlyStaleCopyIsBetterThanSignsAlone() {
    for (int seed = 0; seed < 50; seed++) {
      var w = random(seed, 500, 1, null);
      var stale = random(1000 + seed, 500, 0.02 + 0.004 * seed, w);
      var sketch = Sketch.of(w, 0.2 + 0.015 * seed, true);
      assertThat(sketch.recover(stale).minus(w).norm())
          .isLessThanOrEqualTo(sketch.recover(null).minus(w).norm());
    }
  }

  @Test
  void theSmallestAreInTheSketchAndTiesGoByIndex() {
    var w = TensorMap.of(Map.of("w", Tensor.of(new float[] {3, -1, 1, 0.5f, -1, 9}, 6)));
    var sketch = Sketch.of(w, 0.5, true); // 0.5 and the first two of magnitude 1
    assertThat(sketch.k()).isEqualTo(3);
    assertThat(sketch.largest()).isEqualTo(1f);
    assertThat(sketch.mean()).isEqualTo(2.5f / 3);
    assertThat(sketch.recover(null).get("w").toArray())
        .containsExactly(3, -2.5f / 3, 2.5f / 3, 2.5f / 3, -1, 9);
    var stale = TensorMap.of(Map.of("w", Tensor.of(new float[] {0, -0.9f, -0.9f, 1.1f, 7, 7}, 6)));
    assertThat(sketch.recover(stale).get("w").toArray())
        .containsExactly(3, -0.9f, 2.5f / 3, 2.5f / 3, -1, 9);
    assertThat(Sketch.of(w, 0.5, false).recover(null).get("w").toArray())
        .containsExactly(3, 0, 0, 0, -1, 9);
  }

  @Test
  void selectionAgreesWithSorting() {
    for (int seed = 0; seed < 30; seed++) {
      var random = Seeds.stream(seed, "ties");
      float[] v = new float[200];
      for (int i = 0; i < v.length; i++) {
        v[i] = random.nextInt(9) - 4;
      }
      int k = 1 + random.nextInt(200);
      var data = Tensor.of(v, 200).data();
      float[] sorted = new float[200];
      for (int i = 0; i < v.length; i++) {
        sorted[i] = Math.abs(v[i]);
      }
      Arrays.sort(sorted);
      var rank = Rank.smallest(data, 200, k);
      assertThat(Float.intBitsToFloat(rank.key())).isEqualTo(sorted[k - 1]);
      long below = 0;
      for (float s : sorted) {
        below += s < sorted[k - 1] ? 1 : 0;
      }
      assertThat(rank.ties()).isEqualTo(k - below);
    }
  }

  @Test
  void aMapThatDoesNotFitItsCountIsRefused() {
    var out = new WireOut();
    FlatSpecs.write(random(1, 16, 1, null).specs(), out);
    out.headInt(3);
    out.headInt(0);
    out.reserve(2 + 4 * 13).fill((byte) 0);
    var in = out.finish().open();
    assertThatThrownBy(() -> Sketch.CODEC.decode(in, Memory.NONE))
        .isInstanceOf(WireException.class)
        .hasMessage("sketch: bits of the map (expected: 3 of 16)");
  }
}
