package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.Job;
import dev.anabranch.core.Progress;
import dev.anabranch.fabrics.grpc.RunWiring;
import dev.anabranch.fabrics.grpc.Wired;
import java.util.Optional;

/**
 * What an agent runs, out of a plan and whatever modules there are; the data are those that the plan
 * names. Models and data stay loaded for later runs. Thread-safe.
 */
public final class PlanWiring implements RunWiring {
  /** An agent keeps no record: that is the coordinator's. */
  public static final Job.Records NONE =
      new Job.Records((kind, round, fields) -> {}, new NoCheckpoints(), Progress.SILENT);

  private final Session session;

  public PlanWiring(Session session) {
    this.session = session;
  }

  /** Keeps nothing. */
  private static final class NoCheckpoints implements Checkpoints {
    @Override
    public void save(Checkpoint checkpoint) {}

    @Override
    public Optional<Checkpoint> last() {
      return Optional.empty();
    }
  }

  @Override
  public synchronized Wired wire(String run, String text) {
    var plan = RunPlan.parse(session.catalog(), "run " + run, text);
    return new Wired(plan.method(), session.job(plan, NONE), () -> {});
  }
}
