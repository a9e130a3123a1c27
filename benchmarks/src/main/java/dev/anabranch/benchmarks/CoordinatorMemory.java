package dev.anabranch.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The most memory that a coordinator has resident while devices send it 256 MiB each, all at the
 * same time, and it averages them.
 */
final class CoordinatorMemory implements Benchmark {
  private static final long PAYLOAD = 256L << 20;
  private static final long LIMIT = 2 * PAYLOAD + (256L << 20);
  private static final int ROUNDS = 2;

  @Override
  public List<Row> run() {
    var rows = new ArrayList<Row>();
    for (var devices : Objects.requireNonNull(System.getProperty("bench.devices")).split(",", -1)) {
      rows.add(row(Integer.parseInt(devices)));
    }
    return rows;
  }

  private static Row row(int devices) {
    try (var federated = new Federated(Federated.HEAP, 1)) {
      federated.enrol(devices);
      federated.attend(devices);
      long before = federated.memory().now();
      long start = System.nanoTime();
      federated.run(ROUNDS, devices, PAYLOAD);
      double seconds = (System.nanoTime() - start) / 1e9;
      long peak = federated.memory().peak();
      return Row.atMost(
          Row.text("%d devices, 256 MiB each way, %d rounds", devices, ROUNDS),
          Row.text(
              "%d MiB, %d of them in files; %d before the run; %.0f s",
              peak >> 20, federated.memory().peakInFiles() >> 20, before >> 20, seconds),
          (double) peak,
          LIMIT,
          (LIMIT >> 20) + " MiB");
    }
  }
}
