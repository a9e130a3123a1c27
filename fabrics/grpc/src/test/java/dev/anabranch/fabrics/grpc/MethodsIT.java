package dev.anabranch.fabrics.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Method;
import dev.anabranch.core.RunLog;
import dev.anabranch.core.Settings;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Published methods give over sockets what they give in one process. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MethodsIT {
  private static final int DEVICES = 5;

  /** Methods by name, each with what makes it use more than the least. */
  private static final Map<String, Map<String, ?>> METHODS =
      Map.of(
          "fedavg", Map.of(),
          "caesar", Map.of("batches", "fixed"), // balanced ones go by the time of a round
          "local-only", Map.of(),
          "sfprompt", Map.of("selfUpdateEpochs", 1, "auxTail", true),
          "sfl-ff", Map.of(),
          "parablock", Map.of(),
          "single-merge", Map.of("topology", "ring"));

  private @Nullable Federation open;

  @BeforeAll
  void start(@TempDir Path folder) {
    open = new Federation(folder, 3, Duration.ofSeconds(60));
  }

  @AfterAll
  void end() {
    federation().close();
  }

  private Federation federation() {
    return Objects.requireNonNull(open);
  }

  private static Method<?> method(String name, Map<String, ?> settings) {
    var kind =
        ServiceLoader.load(MethodProvider.class).stream()
            .map(provider -> provider.get().kind())
            .filter(k -> k.name().equals(name))
            .findFirst()
            .orElseThrow();
    var all = new LinkedHashMap<String, Object>();
    all.putAll(Map.of("rounds", 3, "cohort", 3, "examples", 8, "batch", 3));
    all.keySet().retainAll(kind.knobs().stream().map(knob -> knob.name()).toList());
    all.putAll(settings);
    return kind.make().apply(Settings.read("method." + name, kind.knobs(), all));
  }

  @TestFactory
  Stream<DynamicTest> sameAsInOneProcess() {
    return METHODS.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(
            e -> DynamicTest.dynamicTest(e.getKey(), () -> same(method(e.getKey(), e.getValue()))));
  }

  private void same(Method<?> method) {
    try (var engine = ToyEngine.small(2)) {
      var use = method.use(engine.facts());
      var expected = new LocalFabric(2).run(method, ToyJob.of(engine, DEVICES).job(use));
      var log = new MemoryLog();
      var actual =
          federation().fabric().run(method, ToyJob.of(engine, DEVICES).withLog(log).job(use));
      assertThat(log.of("lost")).isEmpty();
      assertThat(actual.trained().sha256()).isEqualTo(expected.trained().sha256());
      assertThat(actual.last()).isEqualTo(expected.last());
      assertThat(actual.rounds()).isEqualTo(expected.rounds());
      assertThat(actual.totals().macs()).isEqualTo(expected.totals().macs());
      assertThat(actual.totals().setup()).isEqualTo(expected.totals().setup());
      if (method.card().needs().stream().noneMatch(need -> need.name().endsWith("_LINKS"))) {
        assertThat(actual.totals().total()).isEqualTo(expected.totals().total());
      }
    }
  }

  /** Its state is safe after the last round, its record is not yet whole: it is started again. */
  @Test
  void coordinatorThatDiesAfterTheLastRound_asksDevicesOnceMore() {
    var method = method("single-merge", Map.of());
    try (var engine = ToyEngine.small(2)) {
      var job = ToyJob.of(engine, DEVICES).job(method.use(engine.facts()));
      var first = federation().fabric().run(method, job);
      var again = federation().fabric().run(method, job);
      assertThat(again.last()).isEqualTo(first.last());
      assertThat(again.more()).isEqualTo(first.more());
      assertThat(again.trained().sha256()).isEqualTo(first.trained().sha256());
    }
  }

  /** What it has trained lies on the devices: one that is away then is missing, and it is said. */
  @Test
  void deviceThatIsAwayAtTheEnd_isLost(@TempDir Path folder) {
    var method = method("single-merge", Map.of());
    try (var engine = ToyEngine.small(2);
        var small = new Federation(folder, DEVICES, Duration.ofSeconds(2))) {
      var log = new MemoryLog();
      RunLog watching =
          (kind, round, fields) -> {
            log.append(kind, round, fields);
            int all = 3 + method.closingRounds();
            if (kind.equals("checkpoint") && Integer.valueOf(all).equals(fields.get("nextRound"))) {
              small.kill("device-2");
            }
          };
      var job = ToyJob.of(engine, DEVICES).withLog(watching).job(method.use(engine.facts()));
      var outcome = small.fabric().run(method, job);
      assertThat(outcome.lost()).isPositive();
      assertOnlyDevice2Lost(log, "gave no sign for 2 s when it was asked for its 'variables'");
    }
  }

  private static void assertOnlyDevice2Lost(MemoryLog log, String reason) {
    assertThat(log.of("lost"))
        .isNotEmpty()
        .allSatisfy(line ->
            assertThat(line.fields()).containsEntry("device", 2).containsEntry("reason", reason));
  }

  @Test
  void deviceWhoseMachineFails_refuses(@TempDir Path folder) {
    var method = method("fedavg", Map.of());
    var log = new MemoryLog();
    try (var engine = ToyEngine.small(2);
        var small = new Federation(folder, DEVICES, Duration.ofSeconds(60))) {
      small.wire(
          "device-2",
          (run, plan) -> {
            throw new UnsatisfiedLinkError("libtorch.so");
          });
      var job = ToyJob.of(engine, DEVICES).withLog(log).job(method.use(engine.facts()));
      small.fabric().run(method, job);
    }
    assertOnlyDevice2Lost(log, "device-2 refuses: java.lang.UnsatisfiedLinkError: libtorch.so");
  }

  @Test
  void methodThatNeedsAllDataInOnePlace_isRefusedByName() {
    try (var engine = ToyEngine.small(1)) {
      var method = method("central", Map.of());
      var job = ToyJob.of(engine, 2).job(method.use(engine.facts()));
      assertThatThrownBy(() -> federation().fabric().run(method, job))
          .isInstanceOfSatisfying(
              AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.UNSUPPORTED))
          .hasMessage(
              "method central needs: [POOLED_DATA]"
                  + " (expected: some of [ONE_EXCHANGE, LIVE_LINKS, PEER_LINKS, BODY_LINKS])");
    }
  }
}
