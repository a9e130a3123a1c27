package dev.anabranch.torch.internal;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Rotary positions (RoFormer, arXiv 2104.09864) in the order of Hugging Face's checkpoints: entry i
 * of a head turns with entry i + w/2, by position · theta^(−2i/w).
 *
 * @param width w, entries of a head
 * @param positions rows of the table of angles
 * @param frequencies [w/2] angle a position; stretched where the model was, to read longer texts
 */
record Rotary(int width, int positions, List<Float> frequencies) {
  /** Reads {@code rope_theta} and the scaling, in the new and the old form of the file. */
  static Rotary of(ConfigMap config, int width, int positions) {
    var rope = config.inner(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
    double theta = rope.positive("rope_theta", config.positive("rope_theta", 10_000));
    var kind =
        rope.oneOf(
            rope.has("rope_type") ? "rope_type" : "type", List.of("default", "linear", "llama3"));
    var out = new java.util.ArrayList<Float>();
    for (int i = 0; i < width / 2; i++) {
      float plain = (float) (1 / Math.pow(theta, 2.0 * i / width));
      out.add(
          switch (kind) {
            case "linear" -> plain / (float) rope.positive("factor", 1);
            case "llama3" -> (float) llama3(plain, rope);
            default -> plain;
          });
    }
    return new Rotary(width, positions, List.copyOf(out));
  }

  /** Llama 3.1: slow turns are slowed further, fast ones stay, those between are blended. */
  private static double llama3(double frequency, ConfigMap rope) {
    double factor = rope.positive("factor", 8);
    double low = rope.positive("low_freq_factor", 1);
    double high = rope.positive("high_freq_factor", 4);
    double turns =
        rope.positive("original_max_position_embeddings", 8192) * frequency / (2 * Math.PI);
    if (turns < low) {
      return frequency / factor;
    }
    if (turns > high) {
      return frequency;
    }
    double smooth = (turns - low) / (high - low);
    return (1 - smooth) * frequency / factor + smooth * frequency;
  }

  /**
   * x · cos + half-turned x · sin.
   *
   * @param x [b, h, t, w] in fp32
   */
  Tensor turn(Tensor x, Pass pass) {
    long t = x.size(2);
    Tensor cos = pass.once("rotary.cos", () -> rows("cos", t, pass));
    Tensor sin = pass.once("rotary.sin", () -> rows("sin", t, pass));
    Tensor halves = x.roll(new long[] {width / 2}, new long[] {3});
    return x.mul(cos).addcmul_(halves, sin);
  }

  /** [1 or b, 1, t, w]. */
  private Tensor rows(String which, long t, Pass pass) {
    Tensor table = pass.constant("rotary." + which, () -> table(which.equals("cos")));
    return torch.embedding(table, pass.positions(t)).unsqueeze(1);
  }

  /** Cosines; or sines, negative where the entry that comes to a place comes from above. */
  private Tensor table(boolean cos) {
    float[] all = new float[Math.multiplyExact(positions, width)];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < width; i++) {
        float angle = p * frequencies.get(i % (width / 2));
        double sin = i < width / 2 ? -Math.sin(angle) : Math.sin(angle);
        all[p * width + i] = (float) (cos ? Math.cos(angle) : sin);
      }
    }
    return Tensors.floats(all, positions, width);
  }
}
