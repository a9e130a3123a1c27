package dev.anabranch.app.daemon;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.Dataset;
import dev.anabranch.app.run.NoExamples;
import dev.anabranch.app.run.PlanWiring;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId.Role;
import dev.anabranch.core.Shard;
import dev.anabranch.fabrics.grpc.RunWiring;
import dev.anabranch.fabrics.grpc.Wired;
import java.nio.file.Path;
import java.time.LocalTime;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
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
  private final Consumer<String> notes;

  /**
   * @param file of the owner's examples; its columns are those that the plan names
   */
  public OwnWiring(
      Session session,
      Data data,
      @Nullable Path file,
      OwnerLimits limits,
      Supplier<LocalTime> now) {
    this(session, data, file, limits, now, note -> {});
  }

  /**
   * @param file of the owner's examples; its columns are those that the plan names
   * @param notes told, in full, why the examples do not fit a plan; the coordinator hears less
   */
  public OwnWiring(
      Session session,
      Data data,
      @Nullable Path file,
      OwnerLimits limits,
      Supplier<LocalTime> now,
      Consumer<String> notes) {
    this.notes = notes;
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
    var examples = examples(run, plan, offer);
    if (data != Data.NONE && limits.memoryBytes() > 0) {
      var costs = new Estimator(session).oneRound(plan, examples);
      limits.requireMemory(plan, costs.map(totals -> totals.peak(Role.DEVICE)).orElse(0L));
    }
    return new Wired(plan.method(), session.job(plan, examples, PlanWiring.NONE), () -> {});
  }

  /** What a message says of the owner's data stays with the owner. */
  private Shard own(String run, RunPlan plan, Path file, List<String> classes) {
    try {
      return session.wiring().own(plan, file, classes);
    } catch (AnabranchException e) {
      if (e.failure() != Failure.DATA) {
        throw e;
      }
      var full = String.valueOf(e.getMessage());
      notes.accept("run " + run + ": " + full);
      int end = full.startsWith("data.source.") ? full.indexOf(" (expected: ") : -1;
      throw new AnabranchException(
          Failure.DATA,
          (end < 0 ? "data of this device: do not fit the plan" : full.substring(0, end))
              + " (expected: what this device's data have; its owner finds more in its own log)",
          e);
    }
  }

  private Dataset examples(String run, RunPlan plan, Offer offer) {
    if (data == Data.OF_PLAN) {
      return session.dataset(plan);
    }
    if (data == Data.NONE || file == null) {
      return new Dataset(List.of(), new NoExamples(), offer.classes(), "");
    }
    var shard = own(run, plan, file, offer.classes());
    return new Dataset(Collections.nCopies(offer.devices(), shard), shard, offer.classes(), "");
  }
}
