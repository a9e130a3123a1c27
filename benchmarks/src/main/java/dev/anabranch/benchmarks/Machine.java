package dev.anabranch.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;

/** What the numbers were measured on. */
final class Machine {
  private Machine() {}

  /** Processor, cores, JDK, date, and how busy the machine is already. */
  static String line() {
    return Row.text(
        "%s, %d cores, %s %s, %s, load before the start %.1f",
        field("/proc/cpuinfo", "model name").orElse(System.getProperty("os.arch", "?")),
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("java.vm.vendor", "JDK"),
        Runtime.version(),
        LocalDate.now(ZoneOffset.UTC),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  /** The most memory that this process ever had resident, in bytes; empty where nobody tells. */
  static Optional<Long> peakResident() {
    return field("/proc/self/status", "VmHWM")
        .map(text -> Long.parseLong(text.split(" ", -1)[0]) << 10);
  }

  private static Optional<String> field(String file, String name) {
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
