package dev.anabranch.methods.overlap;

import dev.anabranch.core.Link;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a device keeps of the model between its visits: each block as the coordinator had it at a
 * version, and the change of its own that is not yet part of any. Blocks that nobody has trained
 * are not kept: they are as installed. Of one visit.
 */
final class Replica {
  private final Memory memory;
  private int[] versions;
  private final int seen;

  Replica(Memory memory) {
    this.memory = memory;
    this.versions =
        memory
            .get("versions")
            .map(m -> BlockState.numbers(m, "versions"))
            .orElseGet(() -> new int[0]);
    this.seen = memory.get("seen").map(m -> BlockState.numbers(m, "seen")[0]).orElse(-2);
  }

  /** A device's change of one block. */
  record Change(int block, Update update) {
    /** None at all: an update without tensors. */
    static Change none() {
      return new Change(-1, new Update(TensorMap.empty(), 1, 0));
    }
  }

  /** The version vector; blocks beyond its end have never changed here. */
  TensorMap versions() {
    return BlockState.numbers("versions", versions);
  }

  /** Whether this device was there in the round before, and so has all that was known then. */
  boolean current(int round) {
    return seen == round - 1;
  }

  /** Block values at their version; empty: as installed. */
  Optional<TensorMap> block(int block) {
    return memory.get("block/" + block);
  }

  private void set(int block, TensorMap values, int version) {
    memory.put("block/" + block, values);
    versions = Arrays.copyOf(versions, Math.max(versions.length, block + 1));
    versions[block] = version;
  }

  /** Takes the blocks that changed while this device was away, as they are before this round. */
  void catchUp(Link coordinator, int round) {
    for (int b : BlockState.numbers(coordinator.receive(ParaBlock.STALE), "stale")) {
      set(b, coordinator.receive(ParaBlock.BLOCK), round);
    }
  }

  /** Keeps a block as it is installed, unless it is kept already. */
  void keepIfNew(int block, Supplier<TensorMap> installed) {
    if (block(block).isEmpty()) {
      try (var values = installed.get()) {
        set(block, values, 0);
      }
    }
  }

  /** A block as this device trains on it: with its own change of it. Empty: as installed. */
  Optional<TensorMap> view(int block, Change own) {
    var values = block(block);
    return own.block() == block ? values.map(v -> v.plus(own.update().delta())) : values;
  }

  /**
   * Adds the mean of all to a block. The device's own change was never part of what is kept, so
   * this replaces the one by the other (c2), and equal devices stay equal to the bit. A device that
   * does not know the block catches up later.
   */
  void add(int block, TensorMap mean, int version) {
    var known = block < 0 || mean.size() == 0 ? Optional.<TensorMap>empty() : block(block);
    known.ifPresent(values -> {
      try (var now = values.plus(mean)) {
        set(block, now, version);
      }
    });
  }

  /** The change made in the round before; one that is older has missed its round. */
  Change pending(int round) {
    var delta = memory.get("pending");
    if (delta.isEmpty() || !current(round)) {
      return Change.none();
    }
    var about = memory.get("about").orElseThrow().get("about");
    return new Change(
        (int) about.get(0), new Update(delta.get(), (long) about.get(1), about.get(2)));
  }

  /** Ends a visit. */
  void keep(int round, Change change) {
    memory.put("seen", BlockState.numbers("seen", round));
    memory.put("versions", versions());
    if (change.block() < 0) {
      memory.remove("pending");
    } else {
      memory.put("pending", change.update().delta());
      float[] about = {
        change.block(), (float) change.update().examples(), (float) change.update().loss()
      };
      memory.put("about", TensorMap.of(Map.of("about", Tensor.of(about, about.length))));
    }
  }
}
