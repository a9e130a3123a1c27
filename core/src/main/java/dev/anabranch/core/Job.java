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
    Progress progress) {
  public Job {
    shards = List.copyOf(shards);
    codecs = Map.copyOf(codecs);
    profiles = List.copyOf(profiles);
  }

  public DeviceProfile profile(int device) {
    return profiles.get(device % profiles.size());
  }
}
