package dev.anabranch.core;

import java.util.List;
import java.util.Map;

/**
 * A method's surroundings, wired from a plan.
 *
 * @param seed of everything random
 * @param shards one a device
 * @param codecs value codecs by topic, in place of the methods' own
 * @param profiles dealt to devices in turn: device i has profile i mod size
 * @param bodyProfile of the host of the body
 * @param evaluation how the hold-out is scored
 * @param evaluateEvery rounds between scores; the last round is always scored; 0: only the last;
 *     below 0: never
 * @param faults injected losses
 * @param beside what the coordinator has beside it
 */
public record Job(
    long seed,
    Engine engine,
    List<Shard> shards,
    Map<String, Codec<Tensor>> codecs,
    List<DeviceProfile> profiles,
    DeviceProfile bodyProfile,
    Evaluation evaluation,
    int evaluateEvery,
    Faults faults,
    RunLog log,
    Checkpoints checkpoints,
    Progress progress,
    Beside beside) {
  public Job {
    shards = List.copyOf(shards);
    codecs = Map.copyOf(codecs);
    profiles = List.copyOf(profiles);
  }

  /** With nothing beside the coordinator. */
  public Job(
      long seed,
      Engine engine,
      List<Shard> shards,
      Map<String, Codec<Tensor>> codecs,
      List<DeviceProfile> profiles,
      DeviceProfile bodyProfile,
      Evaluation evaluation,
      int evaluateEvery,
      Faults faults,
      RunLog log,
      Checkpoints checkpoints,
      Progress progress) {
    this(
        seed,
        engine,
        shards,
        codecs,
        profiles,
        bodyProfile,
        evaluation,
        evaluateEvery,
        faults,
        log,
        checkpoints,
        progress,
        Beside.NOTHING);
  }

  public DeviceProfile profile(int device) {
    return profiles.get(device % profiles.size());
  }
}
