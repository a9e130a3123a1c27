package dev.anabranch.fabrics.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Topic;
import dev.anabranch.testkit.Programs;
import dev.anabranch.testkit.Star;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Ten thousand devices in one process; prints what a visit costs and what is in use. */
final class ScaleIT {
  private static final int DEVICES = 10_000;
  private static final Topic<Long> NUMBER = new Topic<>("number", Codecs.WHOLE);

  private static long run(String name, dev.anabranch.core.Method<?> method, int rounds) {
    try (var engine = ToyEngine.small(2)) {
      var job =
          ToyJob.of(engine, DEVICES).withLog((kind, round, fields) -> {}).withEvaluateEvery(0);
      var shards = job.job(method.use(engine.facts()));
      long began = System.nanoTime();
      var outcome = new LocalFabric().run(method, shards);
      double micros = (System.nanoTime() - began) / 1e3 / (DEVICES * rounds);
      assertThat(outcome.rounds()).isEqualTo(rounds);
      System.gc();
      var runtime = Runtime.getRuntime();
      System.out.printf(
          "%s: %d devices, %d rounds: %.1f us a visit, heap in use %d MiB, heap taken %d MiB%n",
          name,
          DEVICES,
          rounds,
          micros,
          (runtime.totalMemory() - runtime.freeMemory()) >> 20,
          runtime.totalMemory() >> 20);
      return outcome.totals().total();
    }
  }

  private static Programs free(int rounds, Set<Ability> needs) {
    return Programs.of(
        needs,
        (me, state) -> {
          for (int round = 0; round < rounds; round++) {
            try (var visits = me.invite(round, me.roster().devices())) {
              visits.sendAll(NUMBER, 1L);
              visits.gather(NUMBER, new Quorum(1)).forEach(reply -> {});
            }
          }
          return state;
        },
        me -> me.coordinator().send(NUMBER, me.coordinator().receive(NUMBER)));
  }

  @Test
  void tenThousandDevices() {
    assertThat(run("free work", free(5, Set.of(Ability.ONE_EXCHANGE)), 5))
        .isEqualTo(16L * DEVICES * 5);
    assertThat(run("free work, all alive", free(5, Set.of(Ability.LIVE_LINKS)), 5))
        .isEqualTo(16L * DEVICES * 5);
    assertThat(run("star", Star.of(3), 3)).isPositive();
  }
}
