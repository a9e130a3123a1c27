package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Lane;
import dev.anabranch.core.Model;
import dev.anabranch.core.Node;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Seeds;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What every program has: its lane, its random streams, its model. Belongs to one program. */
abstract class Party implements Node {
  final Shared shared;
  final Program program;
  final Meter meter;
  private volatile @Nullable Model model;
  private volatile boolean opened;
  private volatile long frozenBytes;
  private volatile long packedBytes;

  Party(Shared shared, Program program, Meter meter) {
    this.shared = shared;
    this.program = program;
    this.meter = meter;
  }

  abstract int currentRound();

  @Override
  public final NodeId id() {
    return program.node;
  }

  @Override
  public final Lane lane() {
    return meter;
  }

  @Override
  public final RandomGenerator random(String use) {
    return random(use, currentRound());
  }

  @Override
  public final RandomGenerator random(String use, int round) {
    return Seeds.stream(shared.job.seed(), id(), round, use);
  }

  @Override
  public final RandomGenerator common(String use) {
    return Seeds.stream(shared.job.seed(), "all", currentRound(), use);
  }

  /** Whose segments this party's model has. */
  NodeId.Role holder() {
    return id().role();
  }

  /** Opens the model when it is first asked for. */
  final Model openModel() {
    var open = model;
    if (open == null) {
      open =
          meter.run("open", () -> shared.job.engine().open(shared.use, holder(), shared.initSeed));
      frozenBytes = open.frozenBytes();
      packedBytes = open.packedBytes();
      model = open;
      opened = true;
    }
    return open;
  }

  final boolean opened() {
    return opened;
  }

  final long frozenBytes() {
    return frozenBytes;
  }

  /** Most native memory so far: frozen weights in all their forms, and what was added. */
  final long peak() {
    return frozenBytes + packedBytes + meter.growth();
  }

  final void closeModel() {
    var open = model;
    if (open != null) {
      model = null;
      if (Meter.onLane()) {
        open.close(); // the lane's work holds the gate already
      } else {
        meter.free(open::close);
      }
    }
  }
}
