package dev.anabranch.benchmarks;

import dev.anabranch.core.NodeId;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.TreeMean;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The mean of eight updates of all of MiniLM, 22.6 million values each. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2)
@Measurement(iterations = 4)
public class MeanSpeed {
  private static final int UPDATES = 8;

  /** Eight updates of 86.2 MiB. */
  @Param("690")
  public int mib = 690;

  private TensorMap update = TensorMap.empty();

  /** Draws one update; all eight devices send it. */
  @Setup
  public void open() {
    update = TensorMap.zeros(List.of(TensorSpec.of("all", ((long) mib << 18) / UPDATES)));
    var values = update.get("all");
    var random = Seeds.stream(1, "update");
    for (long i = 0; i < values.elements(); i++) {
      values.set(i, random.nextFloat() - 0.5f);
    }
  }

  /** As a round does: one update after the other. */
  @Benchmark
  public float mean() {
    var fold = new TreeMean().start(TensorMap.empty());
    for (int i = 0; i < UPDATES; i++) {
      fold.add(NodeId.device(i), update, 32);
    }
    try (var mean = fold.finish()) {
      return mean.get("all").get(0);
    }
  }

  /** Frees it. */
  @TearDown
  public void close() {
    update.close();
  }
}
