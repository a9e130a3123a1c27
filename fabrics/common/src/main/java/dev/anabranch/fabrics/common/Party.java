package dev.anabranch.fabrics.common;

import dev.anabranch.core.Job;
import dev.anabranch.core.Lane;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Node;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Seeds;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What every program has: its lane, its random streams, its model. Belongs to one program. */
public abstract sealed class Party implements Node permits VisitParty, Conducting {
  protected final Job job;
  protected final ModelUse use;
  final Meter meter;
  private final NodeId id;
  private volatile @Nullable Model model;
  private volatile boolean opened;
  private volatile long frozenBytes;
  private volatile long packedBytes;

  Party(NodeId id, Job job, ModelUse use, Meter meter) {
    this.id = id;
    this.job = job;
    this.use = use;
    this.meter = meter;
  }

  abstract int currentRound();

  /** Initial variables of a run are drawn from it, alike everywhere. */
  static long initSeed(Job job) {
    return Seeds.seed(job.seed(), "initial");
  }

  @Override
  public final NodeId id() {
    return id;
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
    return Seeds.stream(job.seed(), id, round, use);
  }

  @Override
  public final RandomGenerator common(String use) {
    return Seeds.stream(job.seed(), "all", currentRound(), use);
  }

  /** Whose segments this party's model has. */
  NodeId.Role holder() {
    return id.role();
  }

  /** Opens the model when it is first asked for. */
  final Model openModel() {
    var open = model;
    if (open == null) {
      open = meter.run("open", () -> job.engine().open(use, holder(), initSeed(job)));
      frozenBytes = open.frozenBytes();
      packedBytes = open.packedBytes();
      model = open;
      opened = true;
    }
    return open;
  }

  /** Whether it has had a model. */
  public final boolean opened() {
    return opened;
  }

  /** Frozen weights of its model as a device holds them; 0 before it has had one. */
  public final long frozenBytes() {
    return frozenBytes;
  }

  /** Whether there was work on lanes. */
  public final boolean worked() {
    return meter.used();
  }

  /** Whether the memory of its work is measured. */
  public final boolean watched() {
    return meter.watched();
  }

  /** Most native memory so far: frozen weights in all their forms, and what was added. */
  public final long peak() {
    return frozenBytes + packedBytes + meter.growth();
  }

  /** Closes the model, if one is open. */
  public final void closeModel() {
    var open = model;
    if (open != null) {
      model = null;
      if (Meter.onLane()) {
        open.close(); // the lane's work holds the gate already
      } else {
        meter.beside(() -> {
          open.close();
          return true;
        });
      }
    }
  }
}
