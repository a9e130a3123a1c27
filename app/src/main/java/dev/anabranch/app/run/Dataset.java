package dev.anabranch.app.run;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Shard;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The examples of a run, dealt to devices.
 *
 * @param shards one a device
 * @param holdout kept from all devices, to score
 * @param classes names of the classes, by index
 * @param sha256 of what the examples came from
 * @param publicText examples that belong to no device; null if there are none
 */
public record Dataset(
    List<Shard> shards,
    Shard holdout,
    List<String> classes,
    String sha256,
    @Nullable Shard publicText) {
  public Dataset {
    shards = List.copyOf(shards);
    classes = List.copyOf(classes);
  }

  /** Without public text. */
  public Dataset(List<Shard> shards, Shard holdout, List<String> classes, String sha256) {
    this(shards, holdout, classes, sha256, null);
  }

  /** How many examples of each class a shard has. */
  public List<Integer> labels(Shard shard) {
    int[] counts = new int[classes.size()];
    IntStream.range(0, shard.size()).forEach(row -> counts[shard.label(row)]++);
    return IntStream.of(counts).boxed().toList();
  }

  /** Names of classes with how many examples of a shard each has. */
  public Map<String, Integer> counts(Shard shard) {
    var out = new java.util.LinkedHashMap<String, Integer>();
    var counts = labels(shard);
    for (int i = 0; i < classes.size(); i++) {
      out.put(classes.get(i), counts.get(i));
    }
    return out;
  }

  /** Refuses a device without examples, and a class in the hold-out that no device has. */
  public Dataset checked() {
    boolean[] seen = new boolean[classes.size()];
    for (int i = 0; i < shards.size(); i++) {
      var shard = shards.get(i);
      if (shard.size() == 0) {
        throw AnabranchException.expected(
            Failure.DATA,
            "data.partition",
            "device " + i + " has no examples",
            "at least 1 on each device; deal to fewer devices or set a minimum");
      }
      IntStream.range(0, shard.size()).forEach(row -> seen[shard.label(row)] = true);
    }
    for (int row = 0; row < holdout.size(); row++) {
      if (!seen[holdout.label(row)]) {
        throw AnabranchException.expected(
            Failure.DATA,
            "data.holdout",
            "label '" + classes.get(holdout.label(row)) + "' that no device has",
            "only labels seen in training; use more examples or a smaller holdout");
      }
    }
    return this;
  }
}
