package dev.anabranch.torch.internal;

import dev.anabranch.core.Tensor;
import java.util.Arrays;

/** Checks of what comes over a cut. */
final class Shapes {
  private Shapes() {}

  /** Refuses values of another shape. */
  static void require(String what, Tensor value, org.bytedeco.pytorch.Tensor like) {
    long[] shape = new long[(int) like.dim()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = like.size(i);
    }
    if (!Arrays.equals(shape, value.shape())) {
      throw new IllegalArgumentException(
          what
              + ": "
              + Arrays.toString(value.shape())
              + " (expected: "
              + Arrays.toString(shape)
              + ")");
    }
  }

  /** Refuses layers that are not on a way, or do not ascend. */
  static void requireLayers(int[] layers, int[] way) {
    for (int i = 0; i < layers.length; i++) {
      if (Arrays.binarySearch(way, layers[i]) < 0 || (i > 0 && layers[i] <= layers[i - 1])) {
        throw new IllegalArgumentException(
            "layers: "
                + Arrays.toString(layers)
                + " (expected: ascending, of "
                + Arrays.toString(way)
                + ")");
      }
    }
  }

  /** Refuses hidden states of another width. */
  static void requireWidth(Tensor hidden, int width) {
    if (hidden.size(2) != width || hidden.size(0) < 1 || hidden.size(1) < 1) {
      throw new IllegalArgumentException(
          "hidden: " + Arrays.toString(hidden.shape()) + " (expected: [b, t, " + width + "])");
    }
  }
}
