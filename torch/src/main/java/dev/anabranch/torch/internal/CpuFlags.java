package dev.anabranch.torch.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** What the processor says it can do, from {@code /proc/cpuinfo}; empty where there is none. */
public final class CpuFlags {
  private CpuFlags() {}

  /** Whether the processor multiplies bf16 in hardware. */
  public static boolean bf16() {
    try {
      return current().contains("avx512_bf16");
    } catch (IOException e) {
      return false;
    }
  }

  static Set<String> current() throws IOException {
    Path info = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(info)) {
      return Set.of();
    }
    try (var lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
          .orElse(Set.of());
    }
  }
}
