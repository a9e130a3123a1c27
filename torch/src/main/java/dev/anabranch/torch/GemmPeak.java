package dev.anabranch.torch;

import dev.anabranch.torch.internal.GemmProbe;
import dev.anabranch.torch.internal.LibTorch;

/**
 * The largest rate at which one thread of this machine multiplies matrices with this libtorch: what
 * the throughput of layers is compared with. Measures when asked; holds no state.
 */
public final class GemmPeak {
  private GemmPeak() {}

  /** Whether {@link Precision#BF16} is multiplied in hardware here. */
  public static boolean bf16InHardware() {
    return LibTorch.bf16();
  }

  /**
   * Multiply-accumulates a second of a product of two square matrices: the fastest of some
   * repetitions, by the fastest kernel that a layer could use. Called on a lane.
   *
   * @param precision FP32 or BF16; AUTO: what the engine would choose
   * @param size n of [n, n] · [n, n], such as 2048
   * @param repetitions at least 1, after a warm-up of each kernel
   */
  public static double macsPerSecond(Precision precision, int size, int repetitions) {
    boolean bf16 =
        switch (precision) {
          case AUTO -> LibTorch.bf16();
          case FP32 -> false;
          case BF16 -> true;
        };
    double seconds = GemmProbe.seconds(bf16, size, repetitions);
    return Math.pow(size, 3) / seconds;
  }

  /**
   * Bytes a second that one thread reads of memory that no cache holds: what decoding is compared
   * with, since it reads every weight for every token. Called on a lane.
   *
   * @param repetitions at least 1, after a warm-up
   */
  public static double bytesReadPerSecond(int repetitions) {
    return GemmProbe.bytesReadPerSecond(repetitions);
  }
}
