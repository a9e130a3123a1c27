package dev.anabranch.methods;

import static dev.anabranch.methods.Overlap.method;
import static dev.anabranch.methods.Overlap.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Faults;
import dev.anabranch.core.GradientSolver;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TreeMean;
import dev.anabranch.testkit.MemoryCheckpoints;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits in which overlapped block coordinate descent is the plain one, and its time. */
final class ParaBlockTest {
  @Test
  void sequential_isBlockCoordinateDescentWrittenOut() {
    var outcome = run("fl-bcd", Map.of());
    try (var engine = ToyEngine.small(1)) {
      var use = method("fl-bcd", Map.of()).use(engine.facts());
      var job = ToyJob.of(engine, 6).job(use);
      var optimizer = OptimizerSpec.adamw(0.01);
      var w =
          engine
              .lanes()
              .run(
                  () ->
                      engine
                          .open(use, NodeId.Role.DEVICE, Seeds.seed(1, "initial"))
                          .trainable()
                          .copy(),
                  false)
              .value();
      for (int round = 0; round < 6; round++) {
        var block = use.partition().segments().get(4 - round % 4).name();
        var fold = new TreeMean().start(TensorMap.empty());
        for (int i = 0; i < 6; i++) {
          var device = NodeId.device(i);
          var data = job.hosts().shards().get(i);
          int[] rows = data.sample(8, Seeds.stream(1, device, round, "sample"));
          var batches = data.shuffled(rows, 3, 1, Seeds.stream(1, device, round, "order"));
          var start = w;
          var delta =
              engine
                  .lanes()
                  .run(
                      () -> {
                        try (var model = engine.open(use, NodeId.Role.DEVICE, 0)) {
                          model.trainable().load(start);
                          model.train(block);
                          try (var stepper = model.optimizer(optimizer)) {
                            new GradientSolver(stepper).solve(model.route(), batches);
                          }
                          return model.trainable().minus(start);
                        }
                      },
                      false)
                  .value();
          fold.add(device, delta, rows.length);
        }
        w = w.plus(fold.finish());
      }
      assertThat(w.specs()).isEqualTo(outcome.trained().specs());
      assertThat(w.sha256()).isEqualTo(outcome.trained().sha256());
    }
  }

  @Test
  void withOneDevice_nothingIsStaleAndBothAreEqualToTheBit() {
    for (var order : List.of("descending", "ascending", "random", "fixed")) {
      Map<String, ?> settings = Map.of("cohort", 1, "order", order, "roundsPerBlock", 2);
      var parallel = run("parablock", settings, 1, UnaryOperator.identity());
      var sequential = run("fl-bcd", settings, 1, UnaryOperator.identity());
      assertThat(parallel.trained().specs()).isEqualTo(sequential.trained().specs());
      for (long i = 0; i < parallel.trained().elements(); i++) {
        float a = parallel.trained().data().getAtIndex(dev.anabranch.core.Tensor.FLOAT, i);
        float b = sequential.trained().data().getAtIndex(dev.anabranch.core.Tensor.FLOAT, i);
        assertThat(a).isCloseTo(b, within(1e-6f));
      }
    }
    var once = Map.of("cohort", 1);
    assertThat(run("parablock", once, 1, UnaryOperator.identity()).trained().sha256())
        .isEqualTo(run("fl-bcd", once, 1, UnaryOperator.identity()).trained().sha256());
  }

  @Test
  void sequentialParaBlock_isFlBcd() {
    assertThat(run("parablock", Map.of("sequential", true)).trained().sha256())
        .isEqualTo(run("fl-bcd", Map.of()).trained().sha256());
    assertThat(run("parablock", Map.of()).trained().sha256())
        .isNotEqualTo(run("fl-bcd", Map.of()).trained().sha256());
    assertThat(run("parablock", Map.of("correction", false)).trained().sha256())
        .isNotEqualTo(run("parablock", Map.of()).trained().sha256());
  }

  /** What a device keeps, by key. */
  private static Map<String, TensorMap> kept(MemoryCheckpoints checkpoints, int device) {
    return Objects.requireNonNull(
        checkpoints.last().orElseThrow().memories().get(NodeId.device(device)));
  }

  private static void assertCurrent(MemoryCheckpoints checkpoints, int device, TensorMap global) {
    kept(checkpoints, device)
        .forEach((key, values) -> {
          if (key.startsWith("block/")) {
            assertThat(global.select(values::has).sha256()).isEqualTo(values.sha256());
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"parablock", "fl-bcd"})
  void afterTheCorrection_allDevicesHaveTheSameBlocks(String name) {
    var checkpoints = new MemoryCheckpoints();
    var outcome = run(name, Map.of("embeddings", true), 6, job -> job.withCheckpoints(checkpoints));
    for (int i = 0; i < 6; i++) {
      assertThat(kept(checkpoints, i)).containsKeys("block/0", "block/1", "block/4");
      assertCurrent(checkpoints, i, outcome.trained());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void devicesThatComeAndGo_catchUpByVersion(boolean finish) {
    var checkpoints = new MemoryCheckpoints();
    var log = new MemoryLog();
    var outcome =
        run(
            "parablock",
            Map.of("cohort", 2, "rounds", 9, "finish", finish),
            6,
            job -> job.withCheckpoints(checkpoints).withLog(log));
    assertThat(outcome.trained().isFinite()).isTrue();
    assertThat(outcome.totals().byTopic()).containsKey("block");
    var last = log.of("round").getLast();
    for (var index : (List<?>) Objects.requireNonNull(last.fields().get("cohort"))) {
      assertCurrent(checkpoints, (Integer) index, outcome.trained());
    }
  }

  @Test
  void lostDevice_catchesUp() {
    var faults = new Faults(0, List.of(new Faults.Visit(1, 0), new Faults.Visit(3, 2)), Set.of());
    var checkpoints = new MemoryCheckpoints();
    var outcome =
        run("parablock", Map.of(), 6, job -> job.withFaults(faults).withCheckpoints(checkpoints));
    assertThat(outcome.lost()).isEqualTo(2);
    for (int i : new int[] {1, 3}) {
      assertCurrent(checkpoints, i, outcome.trained());
    }
  }
}
