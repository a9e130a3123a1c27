package dev.anabranch.methods.droppeft;

import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Stochastic transformer layer dropout: how often each layer is passed by. Rates follow a shape
 * over the layers and have the given mean.
 *
 * @param rate ρ, mean share of layers that a step passes by, 0 to 1
 */
record Arm(double rate, Shape shape) {
  /** How rates P_l change from layer 1 to layer L before they are scaled to their mean. */
  enum Shape {
    /** All alike. */
    UNIFORM,
    /** 2 l / (L + 1): lower layers, which know what is common, stay. */
    INCREMENTAL,
    /** The reverse. */
    DECAY,
    /** A bell around the middle. */
    NORMAL;

    /** As a plan writes it. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    private double at(int layer, int layers) {
      double middle = (layers + 1) / 2.0;
      return switch (this) {
        case UNIFORM -> 1;
        case INCREMENTAL -> layer / middle;
        case DECAY -> 2 - layer / middle;
        case NORMAL -> Math.exp(-Math.pow((layer - middle) / (layers / 4.0), 2) / 2);
      };
    }
  }

  private static final String RATES = "rates";

  /** P_1 … P_L as a message. */
  TensorMap rates(int layers) {
    double[] raw = IntStream.rangeClosed(1, layers).mapToDouble(l -> shape.at(l, layers)).toArray();
    float[] rates = new float[layers];
    double left = rate * layers; // what a rate above 1 cannot take goes to the others
    boolean[] full = new boolean[layers];
    for (boolean again = true; again; ) {
      double sum = IntStream.range(0, layers).filter(l -> !full[l]).mapToDouble(l -> raw[l]).sum();
      again = false;
      for (int l = 0; l < layers; l++) {
        if (!full[l]) {
          rates[l] = (float) (sum == 0 ? 0 : left * raw[l] / sum);
        }
      }
      for (int l = 0; l < layers; l++) {
        if (!full[l] && rates[l] >= 1) {
          rates[l] = 1;
          full[l] = true;
          left--;
          again = true;
        }
      }
    }
    return TensorMap.of(Map.of(RATES, Tensor.of(rates, layers)));
  }

  static float[] read(TensorMap message) {
    return message.get(RATES).toArray();
  }

  /** How many layers are active in a step; in the mean, if they are drawn one by one. */
  static int depth(float[] rates) {
    double passed = IntStream.range(0, rates.length).mapToDouble(l -> rates[l]).sum();
    return rates.length - (int) Math.round(passed);
  }

  /**
   * The active layers of a step, ascending.
   *
   * @param fixedSize whether {@link #depth} of them are drawn without replacement, with weights 1 −
   *     P_l, or each on its own with d_l ~ Bernoulli(P_l)
   */
  static int[] draw(float[] rates, boolean fixedSize, RandomGenerator random) {
    int layers = rates.length;
    double[] drawn = IntStream.range(0, layers).mapToDouble(l -> random.nextDouble()).toArray();
    if (!fixedSize) {
      return IntStream.range(0, layers).filter(l -> drawn[l] >= rates[l]).toArray();
    }
    // The largest of u^(1 / weight) are such a sample (Efraimidis and Spirakis 2006).
    return IntStream.range(0, layers)
        .boxed()
        .sorted((a, b) -> Double.compare(key(drawn[b], rates[b]), key(drawn[a], rates[a])))
        .limit(depth(rates))
        .mapToInt(l -> l)
        .sorted()
        .toArray();
  }

  private static double key(double drawn, float rate) {
    return rate >= 1 ? Double.NEGATIVE_INFINITY : Math.log(drawn) / (1 - rate);
  }

  /** All combinations. */
  static List<Arm> all(List<Double> rates, List<Shape> shapes) {
    return rates.stream().flatMap(r -> shapes.stream().map(s -> new Arm(r, s))).distinct().toList();
  }
}
