package dev.anabranch.testkit;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.ScoreLoss;
import dev.anabranch.core.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The arithmetic of the toy network: forward, exact gradients, and the count of both. Not
 * thread-safe.
 */
final class ToyLayers {
  private final ToyEngine engine;
  private final ToyVariables variables;
  private final int rows;
  private final int d;

  /**
   * @param rows t: prompts and one row of text
   */
  ToyLayers(ToyEngine engine, ToyVariables variables, int rows) {
    this.engine = engine;
    this.variables = variables;
    this.rows = rows;
    this.d = engine.width;
  }

  private double round(double x) {
    return engine.rounding ? (float) x : x;
  }

  /** [b, w] to [b, t, d]: prompts first. */
  double[] embed(Inputs.Features f) {
    int b = f.size();
    int w = f.width();
    float[] weight = variables.weight("embed.weight");
    float[] bias = variables.weight("embed.bias");
    double[] x = new double[b * rows * d];
    for (int s = 0; s < b; s++) {
      for (int p = 0; p < rows - 1; p++) {
        for (int i = 0; i < d; i++) {
          x[(s * rows + p) * d + i] = variables.weight("prompt")[p * d + i];
        }
      }
      for (int i = 0; i < d; i++) {
        double sum = bias[i];
        for (int j = 0; j < w; j++) {
          sum += (double) weight[i * w + j] * f.values()[s * w + j];
        }
        x[(s * rows + rows - 1) * d + i] = round(sum);
      }
    }
    engine.meter().count((long) b * d * w);
    return x;
  }

  void embedBackward(Inputs.Features f, double[] dx) {
    int b = f.size();
    int w = f.width();
    double[] dWeight = variables.gradient("embed.weight");
    double[] dBias = variables.gradient("embed.bias");
    double[] dPrompt = variables.gradient("prompt");
    for (int s = 0; s < b; s++) {
      for (int i = 0; i < d; i++) {
        for (int p = 0; dPrompt != null && p < rows - 1; p++) {
          dPrompt[p * d + i] += dx[(s * rows + p) * d + i];
        }
        double g = dx[(s * rows + rows - 1) * d + i];
        if (dBias != null) {
          dBias[i] += g;
        }
        for (int j = 0; dWeight != null && j < w; j++) {
          dWeight[i * w + j] += g * f.values()[s * w + j];
        }
      }
    }
    engine.meter().count(dWeight == null ? 0 : (long) b * d * w);
  }

  private boolean lora(int layer) {
    return variables.has("layer." + layer + ".lora_A");
  }

  private int rank(int layer) {
    return lora(layer) ? variables.weight("layer." + layer + ".lora_A").length / d : 0;
  }

  /** W, with the low-rank part added. */
  private double[] weight(int layer) {
    float[] w = variables.weight("layer." + layer + ".weight");
    double[] out = new double[d * d];
    for (int i = 0; i < out.length; i++) {
      out[i] = w[i];
    }
    if (lora(layer)) {
      float[] a = variables.weight("layer." + layer + ".lora_A");
      float[] b = variables.weight("layer." + layer + ".lora_B");
      int r = rank(layer);
      for (int i = 0; i < d; i++) {
        for (int k = 0; k < r; k++) {
          for (int j = 0; j < d; j++) {
            out[i * d + j] += variables.loraScale() * b[i * r + k] * a[k * d + j];
          }
        }
      }
    }
    return out;
  }

  private long macs(int layer, int samples) {
    return (long) samples * ((rows + 1L) * d * d + 2L * rows * rank(layer) * d);
  }

  /** x + tanh(W x + V m + b), [b, t, d]. */
  double[] forward(int layer, double[] x) {
    engine.meter().count(macs(layer, x.length / (rows * d)));
    return compute(layer, x);
  }

  /** As {@link #forward}, without a charge: for what a graph would have kept. */
  double[] compute(int layer, double[] x) {
    double[] u = activations(layer, x);
    for (int i = 0; i < u.length; i++) {
      u[i] = round(x[i] + u[i]);
    }
    return u;
  }

  private double[] means(double[] x) {
    int samples = x.length / (rows * d);
    double[] m = new double[samples * d];
    for (int s = 0; s < samples; s++) {
      for (int p = 0; p < rows; p++) {
        for (int i = 0; i < d; i++) {
          m[s * d + i] += x[(s * rows + p) * d + i] / rows;
        }
      }
    }
    return m;
  }

  private double[] activations(int layer, double[] x) {
    double[] w = weight(layer);
    float[] v = variables.weight("layer." + layer + ".mix");
    float[] bias = variables.weight("layer." + layer + ".bias");
    double[] m = means(x);
    double[] a = new double[x.length];
    for (int row = 0; row < x.length / d; row++) {
      int s = row / rows;
      for (int i = 0; i < d; i++) {
        double sum = bias[i];
        for (int j = 0; j < d; j++) {
          sum += w[i * d + j] * x[row * d + j] + v[i * d + j] * m[s * d + j];
        }
        a[row * d + i] = Math.tanh(sum);
      }
    }
    return a;
  }

  /** The gradient with respect to x; gradients of trained weights are added to theirs. */
  double[] backward(int layer, double[] x, double[] dOut) {
    int samples = x.length / (rows * d);
    double[] a = activations(layer, x);
    double[] w = weight(layer);
    float[] v = variables.weight("layer." + layer + ".mix");
    double[] m = means(x);
    double[] dx = dOut.clone();
    double[] dW = new double[d * d];
    double[] dMix = variables.gradient("layer." + layer + ".mix");
    double[] dBias = variables.gradient("layer." + layer + ".bias");
    for (int s = 0; s < samples; s++) {
      double[] sum = new double[d];
      for (int p = 0; p < rows; p++) {
        int at = (s * rows + p) * d;
        for (int i = 0; i < d; i++) {
          double du = dOut[at + i] * (1 - a[at + i] * a[at + i]);
          sum[i] += du;
          for (int j = 0; j < d; j++) {
            dx[at + j] += w[i * d + j] * du;
            dW[i * d + j] += du * x[at + j];
          }
        }
      }
      for (int i = 0; i < d; i++) {
        if (dBias != null) {
          dBias[i] += sum[i];
        }
        for (int j = 0; j < d; j++) {
          if (dMix != null) {
            dMix[i * d + j] += sum[i] * m[s * d + j];
          }
          for (int p = 0; p < rows; p++) {
            dx[(s * rows + p) * d + j] += v[i * d + j] * sum[i] / rows;
          }
        }
      }
    }
    boolean full = addWeightGradient(layer, dW);
    long lora = 2L * samples * rows * rank(layer) * d;
    engine
        .meter()
        .count(macs(layer, samples) + lora + (full ? (long) samples * (rows + 1L) * d * d : 0));
    for (int i = 0; i < dx.length; i++) {
      dx[i] = round(dx[i]);
    }
    return dx;
  }

  private boolean addWeightGradient(int layer, double[] dW) {
    double[] dense = variables.gradient("layer." + layer + ".weight");
    for (int i = 0; dense != null && i < dW.length; i++) {
      dense[i] += dW[i];
    }
    double[] dA = variables.gradient("layer." + layer + ".lora_A");
    double[] dB = variables.gradient("layer." + layer + ".lora_B");
    if (dA != null && dB != null) {
      float[] a = variables.weight("layer." + layer + ".lora_A");
      float[] b = variables.weight("layer." + layer + ".lora_B");
      int r = rank(layer);
      for (int i = 0; i < d; i++) {
        for (int k = 0; k < r; k++) {
          for (int j = 0; j < d; j++) {
            dB[i * r + k] += variables.loraScale() * dW[i * d + j] * a[k * d + j];
            dA[k * d + j] += variables.loraScale() * dW[i * d + j] * b[i * r + k];
          }
        }
      }
    }
    return dense != null;
  }

  /** [b, t, d] to scores [b, classes]. */
  double[] classify(double[] x, int samples) {
    float[] w = variables.weight("classifier.weight");
    float[] bias = variables.weight("classifier.bias");
    double[] m = means(x);
    int c = engine.classes;
    double[] z = new double[samples * c];
    for (int s = 0; s < samples; s++) {
      for (int k = 0; k < c; k++) {
        double sum = bias[k];
        for (int i = 0; i < d; i++) {
          sum += w[k * d + i] * m[s * d + i];
        }
        z[s * c + k] = sum;
      }
    }
    engine.meter().count((long) samples * c * d);
    return z;
  }

  double loss(float[] z, int[] labels) {
    double[] scores = new double[z.length];
    for (int i = 0; i < z.length; i++) {
      scores[i] = z[i];
    }
    return softmax(scores, labels);
  }

  /** Mean cross-entropy over what is asked; z becomes its gradient. */
  private double softmax(double[] z, int[] labels) {
    int c = engine.classes;
    long asked = IntStream.of(labels).filter(label -> label >= 0).count();
    double loss = 0;
    for (int s = 0; s < labels.length; s++) {
      if (labels[s] < 0) {
        Arrays.fill(z, s * c, (s + 1) * c, 0);
        continue;
      }
      double top = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < c; k++) {
        top = Math.max(top, z[s * c + k]);
      }
      double sum = 0;
      for (int k = 0; k < c; k++) {
        sum += Math.exp(z[s * c + k] - top);
      }
      loss += top + Math.log(sum) - z[s * c + labels[s]];
      for (int k = 0; k < c; k++) {
        double p = Math.exp(z[s * c + k] - top) / sum;
        z[s * c + k] = (p - (k == labels[s] ? 1 : 0)) / asked;
      }
    }
    return asked == 0 ? 0 : loss / asked;
  }

  /** The loss of the last hidden states; their gradient goes to {@code dx}. */
  double classifyAndGradient(double[] x, int[] labels, double[] dx) {
    double[] z = classify(x, labels.length);
    double loss = softmax(z, labels);
    classifyBackward(x, z, dx);
    return loss;
  }

  /** As above, of a loss of the caller's own on the scores of what is asked. */
  double classifyAndGradient(double[] x, int[] labels, ScoreLoss own, double[] dx) {
    int c = engine.classes;
    double[] z = classify(x, labels.length);
    int[] rows = IntStream.range(0, labels.length).filter(s -> labels[s] >= 0).toArray();
    var scores = Tensor.zeros(rows.length, c);
    for (int i = 0; i < rows.length * c; i++) {
      scores.set(i, (float) z[rows[i / c] * c + i % c]);
    }
    var gradient = Tensor.zeros(rows.length, c);
    double loss = own.of(scores, gradient);
    Arrays.fill(z, 0);
    for (int i = 0; i < rows.length * c; i++) {
      z[rows[i / c] * c + i % c] = gradient.get(i);
    }
    classifyBackward(x, z, dx);
    return loss;
  }

  /** From the gradient of the scores to that of x. */
  private void classifyBackward(double[] x, double[] z, double[] dx) {
    int c = engine.classes;
    int samples = z.length / c;
    double[] m = means(x);
    float[] w = variables.weight("classifier.weight");
    double[] dWeight = variables.gradient("classifier.weight");
    double[] dBias = variables.gradient("classifier.bias");
    for (int s = 0; s < samples; s++) {
      for (int k = 0; k < c; k++) {
        double g = z[s * c + k];
        if (dBias != null) {
          dBias[k] += g;
        }
        for (int i = 0; i < d; i++) {
          if (dWeight != null) {
            dWeight[k * d + i] += g * m[s * d + i];
          }
          for (int p = 0; p < rows; p++) {
            dx[(s * rows + p) * d + i] += g * w[k * d + i] / rows;
          }
        }
      }
    }
    for (int i = 0; i < dx.length; i++) {
      dx[i] = round(dx[i]);
    }
    engine.meter().count((long) samples * c * d * (dWeight != null ? 2 : 1));
  }
}
