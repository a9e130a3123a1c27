package dev.anabranch.core;

import java.util.List;
import java.util.Map;

/**
 * A method's surroundings, wired from a plan.
 *
 * @param seed of everything random
 * @param hosts what devices and the host of the body have
 * @param codecs value codecs by topic, in place of the methods' own
 * @param faults injected losses
 * @param beside what the coordinator has beside it
 */
public record Job(
    long seed,
    Engine engine,
    Hosts hosts,
    Map<String, Codec<Tensor>> codecs,
    Scoring scoring,
    Faults faults,
    Records records,
    Beside beside) {
  public Job {
    codecs = Map.copyOf(codecs);
  }

  /**
   * Who takes part, and with what.
   *
   * @param shards one a device
   * @param profiles dealt to devices in turn: device i has profile i mod size
   * @param body of the host of the body
   */
  public record Hosts(List<Shard> shards, List<DeviceProfile> profiles, DeviceProfile body) {
    public Hosts {
      shards = List.copyOf(shards);
      profiles = List.copyOf(profiles);
    }

    public DeviceProfile profile(int device) {
      return profiles.get(device % profiles.size());
    }
  }

  /**
   * How a run is scored.
   *
   * @param evaluation on the hold-out
   * @param every rounds between scores; the last round is always scored; 0: only the last; below 0:
   *     never
   */
  public record Scoring(Evaluation evaluation, int every) {}

  /** Where a run is written down, and who watches it. */
  public record Records(RunLog log, Checkpoints checkpoints, Progress progress) {}

  /** The same with other hosts. */
  public Job with(Hosts other) {
    return new Job(seed, engine, other, codecs, scoring, faults, records, beside);
  }

  /** The same with other scores. */
  public Job with(Scoring other) {
    return new Job(seed, engine, hosts, codecs, other, faults, records, beside);
  }

  /** The same with something else beside the coordinator. */
  public Job with(Beside other) {
    return new Job(seed, engine, hosts, codecs, scoring, faults, records, other);
  }
}
