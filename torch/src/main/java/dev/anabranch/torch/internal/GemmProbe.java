package dev.anabranch.torch.internal;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Times one product of square matrices, by each kernel that {@link Products} may choose, and
 * reading memory.
 */
public final class GemmProbe {
  private GemmProbe() {}

  /** The least time of {@code repetitions} products [n, n] · [n, n] by the faster kernel. */
  public static double seconds(boolean bf16, int n, int repetitions) {
    LibTorch.boot();
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      var type = bf16 ? ScalarType.BFloat16 : ScalarType.Float;
      var a = torch.randn(n, n).to(type);
      var b = torch.randn(n, n).to(type);
      var products = new Products(macs -> {});
      return Math.min(
          least(repetitions, () -> torch.mm(a, b).close()),
          least(repetitions, () -> products.linear(a, b, null).close()));
    }
  }

  /** Bytes a second, of summing 256 MiB. */
  public static double bytesReadPerSecond(int repetitions) {
    LibTorch.boot();
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      var much = torch.zeros(64L << 20);
      much.fill_(new Scalar(1)); // pages that were never written are all one
      return much.nbytes() / least(repetitions, () -> much.sum().close());
    }
  }

  private static double least(int repetitions, Runnable product) {
    long least = Long.MAX_VALUE;
    for (int i = -1; i < repetitions; i++) {
      try (var scope = new PointerScope()) {
        long start = System.nanoTime();
        product.run();
        long nanos = System.nanoTime() - start;
        least = i < 0 ? least : Math.min(least, nanos);
      }
    }
    return least / 1e9;
  }
}
