package dev.anabranch.core;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Random streams keyed by what they are for, so that every fabric and every number of lanes draws
 * the same.
 */
public final class Seeds {
  private static final RandomGeneratorFactory<RandomGenerator> FACTORY =
      RandomGeneratorFactory.of("L64X128MixRandom");

  private Seeds() {}

  /** The seed of a stream: a 64-bit mix of the run's seed and the key's parts. */
  public static long seed(long runSeed, Object... key) {
    long h = mix(runSeed + 0x9E3779B97F4A7C15L);
    for (var part : key) {
      for (byte b : String.valueOf(part).getBytes(StandardCharsets.UTF_8)) {
        h = mix(h ^ (b & 0xFF));
      }
      h = mix(h ^ 0x1F123BB5L);
    }
    return h;
  }

  /** A stream of its own for a key. */
  public static RandomGenerator stream(long runSeed, Object... key) {
    return FACTORY.create(seed(runSeed, key));
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Fisher-Yates, in place. */
  public static void shuffle(int[] values, RandomGenerator random) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int kept = values[i];
      values[i] = values[j];
      values[j] = kept;
    }
  }
}
