package dev.anabranch.app.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Beside;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Progress;
import dev.anabranch.core.Shard;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** DropPEFT on a real model: what a visit executes and holds falls with the layers passed by. */
class DropPeftIT {
  private static final int TOKENS = 64;

  /** Examples of equal length. */
  private record Even(int size) implements Shard {
    @Override
    public int label(int row) {
      return row % 2;
    }

    @Override
    public Batch batch(int[] rows) {
      int[] ids = new int[rows.length * TOKENS];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = 1000 + 31 * rows[i / TOKENS] + i % TOKENS;
      }
      int[] lengths = new int[rows.length];
      Arrays.fill(lengths, TOKENS);
      int[] labels = Arrays.stream(rows).map(this::label).toArray();
      return new Batch(rows, new Inputs.Tokens(ids, TOKENS, lengths, new int[ids.length]), labels);
    }
  }

  private static final Checkpoints NONE =
      new Checkpoints() {
        @Override
        public void save(Checkpoint checkpoint) {}

        @Override
        public Optional<Checkpoint> last() {
          return Optional.empty();
        }
      };

  private static <S> Outcome run(RunPlan plan, Engine engine, Method<S> method) {
    var job =
        new Job(
            7,
            engine,
            new Job.Hosts(
                Collections.nCopies(2, new Even(16)), plan.profiles(), plan.bodyProfile()),
            Map.of(),
            new Job.Scoring(new Evaluation(engine, method.use(engine.facts()), new Even(4), 4), -1),
            Faults.NONE,
            new Job.Records((kind, round, fields) -> {}, NONE, Progress.SILENT),
            Beside.NOTHING);
    return new InstalledWiring().fabric(plan).run(method, job);
  }

  private static RunPlan plan(String method) {
    var text =
        String.join(
            "\n",
            "model: { source: all-minilm-l6-v2 }",
            "task: { kind: text-classification, maxTokens: 64, pooling: mean }",
            "data: { source: spam-assassin }",
            "method: { " + method + " }",
            "lanes: 1");
    return RunPlan.parse(new InstalledWiring().catalog(), "plan.yaml", text);
  }

  private static Outcome dropPeft(Engine engine, String rate) {
    var plan =
        plan(
            "droppeft: { rounds: 2, cohort: 2, batch: 8, rates: ['"
                + rate
                + "'], shapes: [uniform] }");
    return run(plan, engine, plan.method());
  }

  private static long macs(Outcome outcome) {
    return outcome.totals().macs(NodeId.Role.DEVICE);
  }

  /** The middle of several readings: the virtual machine's compiler takes and frees memory too. */
  private static double peak(Engine engine, String rate) {
    return IntStream.range(0, 5)
        .mapToLong(i -> dropPeft(engine, rate).totals().peak(NodeId.Role.DEVICE))
        .sorted()
        .toArray()[2];
  }

  @Test
  void macsAndPeakFallAsTheRateSays() {
    var any = plan("fedavg: { rounds: 2, cohort: 2, batch: 8, parameterisation: lora }");
    try (var engine = new InstalledWiring().engine(any, 2);
        var dry = new InstalledWiring().dryEngine(any, 2).orElseThrow()) {
      var whole = dropPeft(engine, "0");
      var half = dropPeft(engine, "0.5");
      var none = dropPeft(engine, "1");
      double layers = macs(whole) - macs(none);
      assertThat((macs(half) - macs(none)) / layers).isCloseTo(0.5, within(0.05));
      assertThat(macs(none)).isLessThan(macs(whole) / 50);
      double all = peak(engine, "0");
      double nothing = peak(engine, "1");
      assertThat((peak(engine, "0.5") - nothing) / (all - nothing)).isCloseTo(0.5, within(0.1));
      assertThat(half.virtualSeconds()).isLessThan(0.75 * whole.virtualSeconds());
      for (var rate : new String[] {"0", "0.5", "1"}) {
        assertThat(macs(dropPeft(dry, rate))).isEqualTo(macs(dropPeft(engine, rate)));
      }
      assertThat(macs(run(any, engine, any.method()))).isEqualTo(macs(whole));
    }
  }
}
