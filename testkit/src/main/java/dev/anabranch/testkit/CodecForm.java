package dev.anabranch.testkit;

import dev.anabranch.core.Hidden;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A message form as {@link CodecContract} sees it: how to make messages, and how to look into them.
 *
 * @param <T> the message
 */
public interface CodecForm<T> {
  /**
   * A message whose shapes follow from one seed and whose values follow from the other.
   *
   * @param wild with NaN and infinities of any bits
   */
  T message(long shapes, long values, boolean wild);

  /** A message with values around 1, whose sums do not lose digits. */
  T moderate(long shapes, long values);

  /** Messages at the ends of what is allowed: empty, scalar, one long row. */
  List<T> edges();

  List<Tensor> tensors(T message);

  /** All that is not a value: names, lengths, counts. */
  String rest(T message);

  /** For each tensor, the scope of a link's memory that a codec uses for it. */
  List<String> scopes(T message);

  /** Single tensors of rank 0 to 4, some without elements. */
  CodecForm<Tensor> TENSORS =
      new CodecForm<>() {
        @Override
        public Tensor message(long shapes, long values, boolean wild) {
          return fill(shape(Seeds.stream(shapes)), Seeds.stream(values), wild ? 2 : 1);
        }

        @Override
        public Tensor moderate(long shapes, long values) {
          return fill(shape(Seeds.stream(shapes)), Seeds.stream(values), 0);
        }

        @Override
        public List<Tensor> edges() {
          return List.of(
              Tensor.zeros(0),
              Tensor.zeros(3, 0),
              Tensor.zeros(0, 3),
              Tensor.zeros(),
              Tensor.zeros(2, 5),
              Tensor.of(new float[] {-0f}, 1),
              Tensor.of(new float[] {-1.5f}),
              fill(new long[] {3, 4099}, Seeds.stream(5), 1),
              fill(new long[] {9001}, Seeds.stream(6), 1));
        }

        @Override
        public List<Tensor> tensors(Tensor message) {
          return List.of(message);
        }

        @Override
        public String rest(Tensor message) {
          return Arrays.toString(message.shape());
        }

        @Override
        public List<String> scopes(Tensor message) {
          return List.of("");
        }

        @Override
        public String toString() {
          return "tensors";
        }
      };

  /** Named tensors, none to four of them. */
  CodecForm<TensorMap> MAPS =
      new CodecForm<>() {
        @Override
        public TensorMap message(long shapes, long values, boolean wild) {
          return map(shapes, Seeds.stream(values), wild ? 2 : 1);
        }

        @Override
        public TensorMap moderate(long shapes, long values) {
          return map(shapes, Seeds.stream(values), 0);
        }

        @Override
        public List<TensorMap> edges() {
          var named = new LinkedHashMap<String, Tensor>();
          named.put("", Tensor.zeros());
          named.put("größe/層", Tensor.zeros(0, 2));
          return List.of(TensorMap.empty(), TensorMap.of(named));
        }

        @Override
        public List<Tensor> tensors(TensorMap message) {
          return message.specs().stream().map(s -> message.get(s.name())).toList();
        }

        @Override
        public String rest(TensorMap message) {
          return message.specs().toString();
        }

        @Override
        public List<String> scopes(TensorMap message) {
          return message.specs().stream().map(s -> s.name()).toList();
        }

        @Override
        public String toString() {
          return "maps";
        }
      };

  /** Updates around such maps. */
  CodecForm<Update> UPDATES =
      new CodecForm<>() {
        @Override
        public Update message(long shapes, long values, boolean wild) {
          return new Update(MAPS.message(shapes, values, wild), values >>> 8, values / 7.0);
        }

        @Override
        public Update moderate(long shapes, long values) {
          return new Update(MAPS.moderate(shapes, values), 1, 0.5);
        }

        @Override
        public List<Update> edges() {
          return MAPS.edges().stream().map(m -> new Update(m, 0, Double.NaN)).toList();
        }

        @Override
        public List<Tensor> tensors(Update message) {
          return MAPS.tensors(message.delta());
        }

        @Override
        public String rest(Update message) {
          return message.delta().specs() + " " + message.examples() + " " + message.loss();
        }

        @Override
        public List<String> scopes(Update message) {
          return MAPS.scopes(message.delta());
        }

        @Override
        public String toString() {
          return "updates";
        }
      };

  /** Hidden states [b, t, d] of up to 4 samples, 6 positions and 5 values, with padding. */
  CodecForm<Hidden> HIDDEN =
      new CodecForm<>() {
        private Hidden hidden(long shapes, long values, int kind) {
          var random = Seeds.stream(shapes);
          int b = random.nextInt(5);
          int t = random.nextInt(7);
          long d = random.nextInt(6);
          int[] lengths = new int[b];
          Arrays.setAll(lengths, i -> random.nextInt(t + 1));
          return new Hidden(fill(new long[] {b, t, d}, Seeds.stream(values), kind), lengths);
        }

        @Override
        public Hidden message(long shapes, long values, boolean wild) {
          return hidden(shapes, values, wild ? 2 : 1);
        }

        @Override
        public Hidden moderate(long shapes, long values) {
          return hidden(shapes, values, 0);
        }

        @Override
        public List<Hidden> edges() {
          return List.of(
              new Hidden(Tensor.zeros(0, 0, 0), new int[0]),
              new Hidden(Tensor.zeros(0, 7, 3), new int[0]),
              new Hidden(Tensor.zeros(2, 3, 0), new int[] {3, 0}),
              new Hidden(fill(new long[] {2, 3, 4}, Seeds.stream(2), 1), new int[] {0, 0}),
              new Hidden(
                  fill(new long[] {4, 64, 48}, Seeds.stream(3), 1), new int[] {64, 1, 0, 9}));
        }

        @Override
        public List<Tensor> tensors(Hidden message) {
          return List.of(message.values());
        }

        @Override
        public String rest(Hidden message) {
          return Arrays.toString(message.values().shape()) + Arrays.toString(message.lengths());
        }

        @Override
        public List<String> scopes(Hidden message) {
          return List.of("");
        }

        @Override
        public String toString() {
          return "hidden";
        }
      };

  private static long[] shape(RandomGenerator random) {
    long[] shape = new long[random.nextInt(5)];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = random.nextInt(10) == 0 ? 0 : random.nextInt(1, 8);
    }
    return shape;
  }

  private static TensorMap map(long shapes, RandomGenerator values, int kind) {
    var random = Seeds.stream(shapes, "map");
    var tensors = new LinkedHashMap<String, Tensor>();
    for (int i = random.nextInt(5); i > 0; i--) {
      tensors.put("layer." + i + ".weight", fill(shape(random), values, kind));
    }
    return TensorMap.of(tensors);
  }

  /**
   * Kind 0: around 1. Kind 1: any finite magnitude, with zeros, ties and subnormals. Kind 2: any
   * bits.
   */
  private static Tensor fill(long[] shape, RandomGenerator random, int kind) {
    var out = Tensor.zeros(shape);
    for (long i = 0; i < out.elements(); i++) {
      out.set(i, value(random, kind));
    }
    return out;
  }

  private static float value(RandomGenerator random, int kind) {
    if (kind == 2 && random.nextInt(3) == 0) {
      return Float.intBitsToFloat(random.nextInt());
    }
    float near = (float) random.nextGaussian();
    if (kind == 0) {
      return near;
    }
    return switch (random.nextInt(12)) {
      case 0 -> 0f;
      case 1 -> -0f;
      case 2 -> 0.5f;
      case 3 -> near * 1e30f;
      case 4 -> near * 1e-39f;
      case 5 -> near * 65504;
      case 6 -> near * 1e-6f;
      case 7 -> Math.copySign(Float.MAX_VALUE, near);
      default -> near;
    };
  }
}
