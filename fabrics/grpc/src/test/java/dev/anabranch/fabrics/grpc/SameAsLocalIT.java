package dev.anabranch.fabrics.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.testkit.Gossip;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.Remembering;
import dev.anabranch.testkit.Split;
import dev.anabranch.testkit.Star;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SameAsLocalIT {
  @TempDir private Path folder;

  private Outcome local(Method<?> method) {
    try (var engine = ToyEngine.small(2)) {
      return new LocalFabric(2).run(method, ToyJob.of(engine, 5).job(method.use(engine.facts())));
    }
  }

  private void same(Method<?> method) {
    var expected = local(method);
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, 3, Duration.ofSeconds(30))) {
      var log = new MemoryLog();
      var job = ToyJob.of(engine, 5).withLog(log).job(method.use(engine.facts()));
      var actual = federation.fabric().run(method, job);
      assertThat(actual.trained().sha256()).isEqualTo(expected.trained().sha256());
      assertThat(actual.last()).isEqualTo(expected.last());
      assertThat(actual.lost()).isZero();
      assertThat(actual.rounds()).isEqualTo(expected.rounds());
      assertThat(actual.totals().macs()).isEqualTo(expected.totals().macs());
      assertThat(log.of("lost")).isEmpty();
    }
  }

  @Test
  void star() {
    same(Star.of(3));
  }

  @Test
  void split() {
    same(Split.method(3));
  }

  @Test
  void gossip() {
    same(Gossip.method(3));
  }

  @Test
  void memoryOfDevices() {
    same(Remembering.method(4));
  }
}
