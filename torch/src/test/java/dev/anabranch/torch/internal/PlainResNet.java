package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** The residual network as plain loops in double, on arrays [b][c][h][w]. Not thread-safe. */
final class PlainResNet {
  private static final double MOMENTUM = 0.1;

  private final Map<String, float[]> values = new HashMap<>();
  private final Map<String, float[]> moved = new HashMap<>();
  private final int blocks;

  PlainResNet(Variables variables, int blocks) {
    variables
        .specs()
        .forEach(
            spec -> values.put(spec.name(), Tensors.floats(variables.get(spec.name())).clone()));
    this.blocks = blocks;
  }

  private float[] get(String name) {
    return Objects.requireNonNull(values.get(name), name);
  }

  /** A running statistic after the last walk that trained. */
  float[] moved(String name) {
    return Objects.requireNonNull(moved.get(name), name);
  }

  /** [b · classes]. */
  float[] logits(Batch batch, boolean trains) {
    double[][][][] x = images((Inputs.Images) batch.inputs());
    x = relu(norm("bn1", convolve("conv1", x, 16, 1), trains));
    for (int stage = 1; stage <= 3; stage++) {
      for (int block = 0; block < blocks; block++) {
        String at = "layer" + stage + "." + block + ".";
        int out = 8 << stage;
        int stride = stage > 1 && block == 0 ? 2 : 1;
        var y = relu(norm(at + "bn1", convolve(at + "conv1", x, out, stride), trains));
        y = norm(at + "bn2", convolve(at + "conv2", y, out, 1), trains);
        x = relu(add(y, shortcut(x, out, stride)));
      }
    }
    return classify(x);
  }

  private static double[][][][] images(Inputs.Images in) {
    double[][][][] x = new double[in.size()][in.channels()][in.height()][in.width()];
    int i = 0;
    for (var image : x) {
      for (var channel : image) {
        for (var row : channel) {
          for (int k = 0; k < row.length; k++) {
            row[k] = in.values()[i++];
          }
        }
      }
    }
    return x;
  }

  private double[][][][] convolve(String name, double[][][][] x, int out, int stride) {
    float[] w = get(name + ".weight");
    int in = x[0].length;
    int side = x[0][0].length;
    int to = (side - 1) / stride + 1;
    double[][][][] y = new double[x.length][out][to][to];
    for (int b = 0; b < x.length; b++) {
      for (int o = 0; o < out; o++) {
        for (int r = 0; r < to; r++) {
          for (int c = 0; c < to; c++) {
            double sum = 0;
            for (int k = 0; k < in * 9; k++) {
              int row = r * stride + k % 9 / 3 - 1;
              int column = c * stride + k % 3 - 1;
              if (row >= 0 && row < side && column >= 0 && column < side) {
                sum += x[b][k / 9][row][column] * w[o * in * 9 + k];
              }
            }
            y[b][o][r][c] = sum;
          }
        }
      }
    }
    return y;
  }

  private double[][][][] norm(String name, double[][][][] x, boolean trains) {
    int channels = x[0].length;
    float[] mean = get(name + ".running_mean").clone();
    float[] var = get(name + ".running_var").clone();
    for (int c = 0; c < channels; c++) {
      double m = mean[c];
      double v = var[c];
      if (trains) {
        double sum = 0;
        double squares = 0;
        int n = 0;
        for (var image : x) {
          for (var row : image[c]) {
            for (double value : row) {
              sum += value;
              squares += value * value;
              n++;
            }
          }
        }
        m = sum / n;
        v = squares / n - m * m;
        mean[c] += (float) (MOMENTUM * (m - mean[c]));
        var[c] += (float) (MOMENTUM * (v * n / (n - 1) - var[c]));
      }
      double scale = get(name + ".weight")[c] / Math.sqrt(v + 1e-5);
      for (var image : x) {
        for (var row : image[c]) {
          for (int k = 0; k < row.length; k++) {
            row[k] = (row[k] - m) * scale + get(name + ".bias")[c];
          }
        }
      }
    }
    moved.put(name + ".running_mean", mean);
    moved.put(name + ".running_var", var);
    return x;
  }

  private static double[][][][] relu(double[][][][] x) {
    for (var image : x) {
      for (var channel : image) {
        for (var row : channel) {
          for (int k = 0; k < row.length; k++) {
            row[k] = Math.max(0, row[k]);
          }
        }
      }
    }
    return x;
  }

  private static double[][][][] add(double[][][][] x, double[][][][] y) {
    for (int b = 0; b < x.length; b++) {
      for (int c = 0; c < x[b].length; c++) {
        for (int r = 0; r < x[b][c].length; r++) {
          for (int k = 0; k < x[b][c][r].length; k++) {
            x[b][c][r][k] += y[b][c][r][k];
          }
        }
      }
    }
    return x;
  }

  /** Option A: every second pixel; zeros before and after the old channels. */
  private static double[][][][] shortcut(double[][][][] x, int out, int stride) {
    int side = x[0][0].length / stride;
    double[][][][] y = new double[x.length][out][side][side];
    int before = (out - x[0].length) / 2;
    for (int b = 0; b < x.length; b++) {
      for (int c = 0; c < x[b].length; c++) {
        for (int r = 0; r < side; r++) {
          for (int k = 0; k < side; k++) {
            y[b][before + c][r][k] = x[b][c][r * stride][k * stride];
          }
        }
      }
    }
    return y;
  }

  private float[] classify(double[][][][] x) {
    float[] weight = get("linear.weight");
    float[] bias = get("linear.bias");
    int d = x[0].length;
    float[] out = new float[x.length * bias.length];
    for (int i = 0; i < out.length; i++) {
      double sum = bias[i % bias.length];
      for (int c = 0; c < d; c++) {
        double mean = 0;
        for (var row : x[i / bias.length][c]) {
          for (double value : row) {
            mean += value / (row.length * row.length);
          }
        }
        sum += mean * weight[i % bias.length * d + c];
      }
      out[i] = (float) sum;
    }
    return out;
  }

  /** Mean cross-entropy. */
  static double loss(float[] logits, int[] labels) {
    int classes = logits.length / labels.length;
    double loss = 0;
    for (int i = 0; i < labels.length; i++) {
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp(logits[i * classes + c]);
      }
      loss += Math.log(sum) - logits[i * classes + labels[i]];
    }
    return loss / labels.length;
  }
}
