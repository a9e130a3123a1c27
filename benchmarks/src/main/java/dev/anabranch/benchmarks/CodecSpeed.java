package dev.anabranch.benchmarks;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireOut;
import dev.anabranch.parts.Bf16;
import dev.anabranch.parts.Fp16;
import dev.anabranch.parts.Int8;
import dev.anabranch.parts.TopK;
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

/** Value codecs on one tensor of rows of 384; rates count the bytes of the 32-bit floats. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class CodecSpeed {
  @Param({"fp32", "bf16", "fp16", "int8", "topk"})
  public String codec = "fp32";

  @Param({"4", "64"})
  public int mib = 4;

  private Codec<Tensor> used = Codecs.FP32;
  private Tensor values = Tensor.zeros(0);
  private Wire encoded = wire();

  /** Draws the values and encodes them once. */
  @Setup
  public void open() {
    used =
        switch (codec) {
          case "bf16" -> new Bf16();
          case "fp16" -> new Fp16();
          case "int8" -> new Int8();
          case "topk" -> new TopK(0.01, false);
          default -> Codecs.FP32;
        };
    values = Tensor.zeros((mib << 18) / 384, 384);
    var random = Seeds.stream(1, "values");
    for (long i = 0; i < values.elements(); i++) {
      values.set(i, (float) random.nextGaussian());
    }
    encoded = wire();
  }

  private Wire wire() {
    var out = new WireOut(values.elements() * Float.BYTES);
    used.encode(values, out, Memory.NONE);
    return out.finish();
  }

  /** A message from a tensor. */
  @Benchmark
  public long encode() {
    try (var wire = wire()) {
      return wire.payloadBytes();
    }
  }

  /** A tensor from a message. */
  @Benchmark
  public float decode() {
    try (var tensor = used.decode(encoded.open(), Memory.NONE)) {
      return tensor.get(0);
    }
  }

  /** Frees both. */
  @TearDown
  public void close() {
    encoded.close();
    values.close();
  }
}
