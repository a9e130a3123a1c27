package dev.anabranch.methods.caesar;

import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.Map;

/**
 * What the coordinator decides for one device in one round.
 *
 * @param down θ_d, share of the model that is sent by sign alone
 * @param up θ_u, share of the update that stays behind
 * @param batch b, examples a step
 */
record Order(double down, double up, int batch) {
  private static final String NAME = "order";

  /** What the device must know: 8 bytes. */
  TensorMap message() {
    return TensorMap.of(Map.of(NAME, Tensor.of(new float[] {(float) up, batch}, 2)));
  }

  static double up(TensorMap message) {
    return message.get(NAME).get(0);
  }

  static int batch(TensorMap message) {
    return (int) message.get(NAME).get(1);
  }
}
