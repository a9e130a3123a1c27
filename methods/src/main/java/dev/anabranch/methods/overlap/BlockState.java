package dev.anabranch.methods.overlap;

import dev.anabranch.core.Codecs;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Replies;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.TreeMean;
import dev.anabranch.core.Update;
import dev.anabranch.core.Visits;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The coordinator's W, block by block, with the version of each: the number of the round after
 * which it was last changed; 0: never.
 *
 * @param cohort who trained in the round before, and has a change to send
 */
public record BlockState(List<TensorMap> blocks, int[] versions, List<NodeId> cohort) {
  public BlockState {
    blocks = List.copyOf(blocks);
    cohort = List.copyOf(cohort);
  }

  static BlockState begin(List<TensorMap> blocks) {
    return new BlockState(blocks, new int[blocks.size()], List.of());
  }

  /** W with a mean added to one block; the block's old values are freed. */
  BlockState plus(int block, TensorMap mean, int version, List<NodeId> trained) {
    if (mean.size() == 0) {
      return new BlockState(blocks, versions, trained);
    }
    var changed = new ArrayList<>(blocks);
    try (var old = changed.get(block)) {
      changed.set(block, old.plus(mean));
    }
    int[] now = versions.clone();
    now[block] = version;
    return new BlockState(changed, now, trained);
  }

  /** The blocks that changed since a device had them so; a short vector ends in zeros. */
  private int[] newerThan(int[] had) {
    return IntStream.range(0, versions.length)
        .filter(b -> versions[b] > (b < had.length ? had[b] : 0))
        .toArray();
  }

  /** Sends every device the blocks that changed while it was away, as they are now. */
  void catchUp(Visits visits, Quorum quorum) {
    var links = visits.links().iterator();
    for (var reply : visits.gather(ParaBlock.VERSIONS, quorum).checked(this::defect)) {
      var link = links.next();
      while (!link.peer().equals(reply.from())) {
        link = links.next();
      }
      int[] stale = newerThan(numbers(reply.message(), "versions"));
      link.post(ParaBlock.STALE, numbers("stale", stale));
      for (int b : stale) {
        link.post(ParaBlock.BLOCK, blocks.get(b));
      }
    }
  }

  private Optional<String> defect(TensorMap told) {
    long known = Math.min(told.elements(), versions.length); // a device knows those up to its last
    var wrong = told.difference(List.of(TensorSpec.of("versions", known)));
    if (wrong.isEmpty()) {
      try {
        numbers(told, "versions");
      } catch (WireException e) {
        return Optional.of(String.valueOf(e.getMessage()));
      }
    }
    return wrong;
  }

  /** All blocks, one after another. */
  TensorMap all() {
    var out = new LinkedHashMap<String, Tensor>();
    for (var block : blocks) {
      block.specs().forEach(spec -> out.put(spec.name(), block.get(spec.name())));
    }
    return TensorMap.of(out);
  }

  /** The variables of a block; none for −1. */
  List<TensorSpec> specs(int block) {
    return block < 0 ? List.of() : blocks.get(block).specs();
  }

  /** Numbers that are whole and small, under a name. */
  static TensorMap numbers(String name, int... values) {
    float[] out = new float[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = values[i];
    }
    return TensorMap.of(Map.of(name, Tensor.of(out, out.length)));
  }

  /**
   * The inverse.
   *
   * @throws WireException if they are not such numbers, or of another name
   */
  static int[] numbers(TensorMap map, String name) {
    if (!map.has(name)) {
      throw new WireException(name + ": " + map.specs() + " (expected: numbers of this name)");
    }
    float[] values = map.get(name).toArray();
    int[] out = new int[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) values[i];
      if (out[i] != values[i]) {
        throw new WireException(name + ": " + values[i] + " (expected: whole numbers)");
      }
    }
    return out;
  }

  /** Writes all of it, to the bit. */
  void write(WireOut out, Memory memory) {
    Codecs.TENSORS.encode(numbers("versions", versions), out, memory);
    int[] trained = cohort.stream().mapToInt(NodeId::index).toArray();
    Codecs.TENSORS.encode(numbers("cohort", trained), out, memory);
    blocks.forEach(block -> Codecs.TENSORS.encode(block, out, memory));
  }

  /** The inverse of {@link #write}. */
  static BlockState read(WireIn in, Memory memory) {
    int[] versions = numbers(Codecs.TENSORS.decode(in, memory), "versions");
    var cohort = new ArrayList<NodeId>();
    for (int index : numbers(Codecs.TENSORS.decode(in, memory), "cohort")) {
      if (index < 0) {
        throw new WireException("cohort: device " + index + " (expected: at least 0)");
      }
      cohort.add(NodeId.device(index));
    }
    var blocks = new ArrayList<TensorMap>();
    for (int i = 0; i < versions.length; i++) {
      blocks.add(Codecs.TENSORS.decode(in, memory));
    }
    return new BlockState(blocks, versions, cohort);
  }

  /**
   * Δ̄ = η Σ a_j Δ_j over those who have a change. Changes of another block are refused.
   *
   * @param change without tensors if nobody has
   * @param loss mean training loss of those who have; NaN if nobody has
   */
  record Mean(TensorMap change, double loss) {
    static Mean of(Replies<Update> replies, List<TensorSpec> block, boolean weighted, double rate) {
      var fold = new TreeMean().start(TensorMap.empty());
      double loss = 0;
      int n = 0;
      var sound =
          replies.checked(u -> u.delta().size() == 0 ? Optional.empty() : u.mismatch(block));
      for (var reply : sound) {
        var update = reply.message();
        if (update.delta().size() > 0) {
          fold.add(reply.from(), update.delta(), weighted ? (double) update.examples() : 1);
          loss += update.loss();
          n++;
        }
      }
      var mean = fold.finish();
      return new Mean(rate == 1 ? mean : mean.scale(rate), n == 0 ? Double.NaN : loss / n);
    }
  }
}
