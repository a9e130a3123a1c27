package dev.anabranch.testkit;

import dev.anabranch.core.Beside;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.Codec;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Job;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Progress;
import dev.anabranch.core.RunLog;
import dev.anabranch.core.Shard;
import dev.anabranch.core.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A job on the toy engine, with two kinds of device. Immutable; each {@code with} gives a changed
 * copy.
 *
 * @param devices how many there are
 * @param examples of each device
 */
public record ToyJob(
    ToyEngine engine,
    int devices,
    int examples,
    long seed,
    Map<String, Codec<Tensor>> codecs,
    int evaluateEvery,
    Faults faults,
    RunLog log,
    Checkpoints checkpoints) {
  public static final DeviceProfile FAST =
      new DeviceProfile("toy-fast", 1e6, 1L << 30, 1e6, 5e5, 0.01, "made up");
  public static final DeviceProfile SLOW =
      new DeviceProfile("toy-slow", 2e5, 1L << 28, 2e5, 1e5, 0.05, "made up");
  public static final DeviceProfile HOST =
      new DeviceProfile("toy-host", 1e7, 1L << 34, 1e8, 1e8, 0.001, "made up");

  /** Twelve examples a device, seed 1, scores after every round, nothing lost, nothing kept. */
  public static ToyJob of(ToyEngine engine, int devices) {
    return new ToyJob(
        engine, devices, 12, 1, Map.of(), 1, Faults.NONE, new MemoryLog(), new MemoryCheckpoints());
  }

  public ToyJob withSeed(long other) {
    return new ToyJob(
        engine, devices, examples, other, codecs, evaluateEvery, faults, log, checkpoints);
  }

  public ToyJob withExamples(int each) {
    return new ToyJob(engine, devices, each, seed, codecs, evaluateEvery, faults, log, checkpoints);
  }

  public ToyJob withCodec(String topic, Codec<Tensor> codec) {
    var all = new java.util.TreeMap<>(codecs);
    all.put(topic, codec);
    return new ToyJob(
        engine, devices, examples, seed, all, evaluateEvery, faults, log, checkpoints);
  }

  public ToyJob withEvaluateEvery(int rounds) {
    return new ToyJob(engine, devices, examples, seed, codecs, rounds, faults, log, checkpoints);
  }

  public ToyJob withFaults(Faults other) {
    return new ToyJob(
        engine, devices, examples, seed, codecs, evaluateEvery, other, log, checkpoints);
  }

  public ToyJob withLog(RunLog other) {
    return new ToyJob(
        engine, devices, examples, seed, codecs, evaluateEvery, faults, other, checkpoints);
  }

  public ToyJob withCheckpoints(Checkpoints other) {
    return new ToyJob(engine, devices, examples, seed, codecs, evaluateEvery, faults, log, other);
  }

  /** The job, for a method that uses the model so. */
  public Job job(ModelUse use) {
    var shards = new ArrayList<Shard>();
    for (int i = 0; i < devices; i++) {
      int size = examples + i % 3;
      shards.add(
          engine.language ? ToyEngine.text(size, i % 2, 100 + i) : engine.shard(size, 100 + i));
    }
    Shard holdout = engine.language ? ToyEngine.text(30, 0, 99) : engine.shard(60, 99);
    return new Job(
        seed,
        engine,
        new Job.Hosts(shards, List.of(FAST, SLOW), HOST),
        codecs,
        new Job.Scoring(new Evaluation(engine, use, holdout, 16), evaluateEvery),
        faults,
        new Job.Records(log, checkpoints, Progress.SILENT),
        engine.language ? new Beside(engine.large(), ToyEngine.text(20, 0, 5)) : Beside.NOTHING);
  }
}
