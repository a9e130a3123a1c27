package dev.anabranch.app.daemon;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.Dataset;
import dev.anabranch.app.run.NoExamples;
import dev.anabranch.app.run.PlanWiring;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.NodeId.Role;
import dev.anabranch.fabrics.grpc.RunWiring;
import dev.anabranch.fabrics.grpc.Wired;
import java.nio.file.Path;
import java.time.LocalTime;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an agent runs: the method of the plan over data of its own, within what its owner allows.
 * Thread-safe.
 */
public final class OwnWiring implements RunWiring {
  /** Where examples come from. */
  public enum Data {
    /** A file of the device's owner. */
    OWN,
    /** What the plan names, its own part of it: for rehearsals, and where a folder is shared. */
    OF_PLAN,
    /** None: a body has no examples. */
    NONE
  }

  private final Session session;
  private final Data data;
  private final @Nullable Path file;
  private final OwnerLimits limits;
  private final Supplier<LocalTime> now;

  /**
   * @param file of the owner's examples; its columns are those that the plan names
   */
  public OwnWiring(
      Session session,
      Data data,
      @Nullable Path file,
      OwnerLimits limits,
      Supplier<LocalTime> now) {
    this.session = session;
    this.data = data;
    this.file = file;
    this.limits = limits;
    this.now = now;
  }

  @Override
  public synchronized Wired wire(String run, String text) {
    var offer = Offer.read(run, text);
    var plan = RunPlan.parse(session.catalog(), "run " + run, offer.plan());
    limits.require(plan, now.get());
    if (limits.lanes() > 0 && limits.lanes() < plan.lanes()) {
      plan = plan.set(List.of("lanes=" + limits.lanes()));
    }
    var examples = examples(plan, offer);
    if (data != Data.NONE && limits.memoryBytes() > 0) {
      var costs = new Estimator(session).oneRound(plan, examples);
      limits.requireMemory(plan, costs.map(totals -> totals.peak(Role.DEVICE)).orElse(0L));
    }
    return new Wired(plan.method(), session.job(plan, examples, PlanWiring.NONE), () -> {});
  }

  private Dataset examples(RunPlan plan, Offer offer) {
    if (data == Data.OF_PLAN) {
      return session.dataset(plan);
    }
    if (data == Data.NONE || file == null) {
      return new Dataset(List.of(), new NoExamples(), offer.classes(), "");
    }
    var shard = session.wiring().own(plan, file, offer.classes());
    return new Dataset(Collections.nCopies(offer.devices(), shard), shard, offer.classes(), "");
  }
}
