package dev.anabranch.benchmarks;

import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.files.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

/** A trained model of 22.6 million values to a safetensors file, forced to the disk. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1)
@Measurement(iterations = 4)
public class FileSpeed {
  @Param("86")
  public int mib = 86;

  private TensorMap values = TensorMap.empty();
  private Path file = Path.of("");

  /** Makes room. */
  @Setup
  public void open() throws IOException {
    values = TensorMap.zeros(List.of(TensorSpec.of("all", (long) mib << 18)));
    file = Files.createTempFile("values", ".safetensors");
  }

  /** Durable when it returns. */
  @Benchmark
  public void write() {
    SafeTensors.write(file, values, Map.of("format", "pt"));
  }

  /** Removes the file. */
  @TearDown
  public void close() throws IOException {
    values.close();
    Files.delete(file);
  }
}
