package dev.anabranch.fabrics.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import org.junit.jupiter.api.Test;

final class LocalFabricTest {
  @Test
  void star_learnsAndAccounts() {
    try (var engine = ToyEngine.small(2)) {
      var log = new MemoryLog();
      var job = ToyJob.of(engine, 6).withLog(log);
      var method = Star.of(5);
      var outcome = new LocalFabric().run(method, job.job(method.use(engine.facts())));
      log.lines().forEach(System.out::println);
      System.out.println(outcome);
      assertThat(outcome.last().accuracy()).isGreaterThan(0.8);
    }
  }
}
