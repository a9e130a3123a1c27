package dev.anabranch.benchmarks;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Method;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Topic;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.methods.Schedule;
import dev.anabranch.methods.Training;
import dev.anabranch.methods.averaging.FedAvg;
import dev.anabranch.testkit.Programs;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Ten thousand devices in one process: all programs alive at once, then federated averaging that
 * trains on every one of them in every round.
 */
final class ManyDevices implements Benchmark {
  private static final int DEVICES = 10_000;
  private static final int ROUNDS = 3;
  private static final long LIMIT = 2L << 30;
  private static final Topic<Long> NUMBER = new Topic<>("number", Codecs.WHOLE);

  @Override
  public List<Row> run() {
    var rows = new ArrayList<Row>();
    rows.add(measure("10,000 devices, all alive", allAlive()));
    rows.add(measure("10,000 devices, FedAvg with training", fedAvg()));
    long heap =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .mapToLong(pool -> pool.getPeakUsage().getUsed())
            .sum();
    rows.add(Row.of("peak of the heap in use", mebibytes(heap)));
    Machine.peakResident()
        .ifPresent(peak ->
            rows.add(
                Row.atMost(
                    "peak of resident memory, heap and native together",
                    mebibytes(peak),
                    peak,
                    LIMIT,
                    "2048 MiB")));
    return rows;
  }

  private static String mebibytes(long bytes) {
    return (bytes >> 20) + " MiB";
  }

  private static Row measure(String what, Method<?> method) {
    try (var engine = ToyEngine.small(2)) {
      var job =
          ToyJob.of(engine, DEVICES)
              .withLog((kind, round, fields) -> {})
              .withEvaluateEvery(-1)
              .job(method.use(engine.facts()));
      long start = System.nanoTime();
      var outcome = new LocalFabric().run(method, job);
      double micros = (System.nanoTime() - start) / 1e3 / DEVICES / ROUNDS;
      if (outcome.lost() > 0 || outcome.rounds() != ROUNDS) {
        throw new IllegalStateException("visits lost: " + outcome.lost() + " (expected: 0)");
      }
      System.gc();
      long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
      return Row.of(
          what, Row.text("%.0f µs a visit, %s of heap after it", micros, mebibytes(heap)));
    }
  }

  private static Method<?> allAlive() {
    return Programs.of(
        Set.of(Ability.LIVE_LINKS),
        (me, state) -> {
          for (int round = 0; round < ROUNDS; round++) {
            try (var visits = me.invite(round, me.roster().devices())) {
              visits.sendAll(NUMBER, 1L);
              visits.gather(NUMBER, new Quorum(DEVICES)).forEach(reply -> {});
            }
          }
          return state;
        },
        me -> me.coordinator().send(NUMBER, me.coordinator().receive(NUMBER)));
  }

  private static Method<?> fedAvg() {
    var training =
        new Training(
            ROUNDS, DEVICES, DEVICES, 0, 4, 1, OptimizerSpec.sgd(0.1, 0), Schedule.CONSTANT);
    return new FedAvg(training, new Parameterisation.Everything(), true);
  }
}
