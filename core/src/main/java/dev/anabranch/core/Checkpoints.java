package dev.anabranch.core;

import java.util.Optional;

/** Durable states between rounds. */
public interface Checkpoints {
  /** Durable when it returns; the previous one stays until then, also when the disk is full. */
  void save(Checkpoint checkpoint);

  /** The last one that is whole. */
  Optional<Checkpoint> last();
}
