package dev.anabranch.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** Ten thousand devices attend, and two hundred of them work while the others wait. */
final class ManyAttend implements Benchmark {
  private static final int DEVICES = Integer.getInteger("bench.attend", 10_000);
  private static final int ACTIVE = Integer.getInteger("bench.active", 200);
  private static final int PROCESSES = 4;
  private static final int ROUNDS = 3;
  private static final long BYTES = 1 << 20;
  private static final long LIMIT = 4L << 30;

  @Override
  public List<Row> run() {
    var rows = new ArrayList<Row>();
    try (var federated = new Federated(Federated.HEAP, PROCESSES)) {
      rows.add(Row.of("enrolled: token, key, certificate", each(() -> federated.enrol(DEVICES))));
      rows.add(
          Row.of("attending, each over TLS of its own", each(() -> federated.attend(DEVICES))));
      rows.add(resident("resident, all of them idle", federated.memory().now()));
      long start = System.nanoTime();
      federated.run(ROUNDS, ACTIVE, BYTES);
      rows.add(
          Row.of(
              Row.text("%d work, %d rounds of 1 MiB each way", ACTIVE, ROUNDS),
              Row.text("%.1f s, no visit lost", (System.nanoTime() - start) / 1e9)));
      rows.add(Row.of("attending after it", Long.toString(federated.attending())));
      rows.add(resident("peak resident", federated.memory().peak()));
    }
    return rows;
  }

  private static String each(Runnable all) {
    long start = System.nanoTime();
    all.run();
    double seconds = (System.nanoTime() - start) / 1e9;
    return Row.text("%d in %.0f s, %.1f ms each", DEVICES, seconds, 1e3 * seconds / DEVICES);
  }

  private static Row resident(String what, long bytes) {
    return Row.atMost(what, (bytes >> 20) + " MiB", (double) bytes, LIMIT, (LIMIT >> 20) + " MiB");
  }
}
