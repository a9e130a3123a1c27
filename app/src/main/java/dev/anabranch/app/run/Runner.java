package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.Digest;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.Provenance;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.record.Summary;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Beside;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Job;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Progress;
import dev.anabranch.core.RunLog;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.files.SafeTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Carries out one plan and leaves its record.
 *
 * @param fabric where the programs of a plan run
 */
public record Runner(Session session, Function<RunPlan, Fabric> fabric) {
  /** On the fabric that the plan names. */
  public Runner(Session session) {
    this(session, session.wiring()::fabric);
  }

  /** Watches a run; told how many rounds there will be, 0 if that is not known. */
  public interface Watch {
    Progress start(Path folder, String label, int rounds);

    /** Told of what went wrong without ending the run. */
    void note(String text);

    /** What a person types to go on with a run that ended before it was complete. */
    default String goOn(Path folder) {
      return "anabranch resume " + folder;
    }

    /** The log as the run is to write it; another one may listen in. */
    default RunLog log(RunLog log) {
      return log;
    }
  }

  /**
   * A new run.
   *
   * @param path a folder that is new or empty
   * @param label how the run is called beside others
   */
  public Summary run(RunPlan plan, String label, Path path, Watch watch) {
    try (var folder = RunFolder.open(path)) {
      folder.write(folder.plan(), plan.toYaml());
      return carryOn(plan, label, folder, watch);
    }
  }

  /** Goes on with a run that was interrupted, from its last checkpoint. */
  public Summary resume(Path path, Watch watch) {
    try (var folder = RunFolder.reopen(path)) {
      var plan = RunPlan.read(session.catalog(), folder.plan(), List.of());
      var label = Records.label(folder.log()).orElseGet(plan::methodName);
      return carryOn(plan, label, folder, watch);
    }
  }

  /**
   * Makes what the last full round of an interrupted run has left usable: trained variables,
   * provenance and page, but no summary, so that the run can go on. Nothing if no round was done.
   */
  public void keep(Path path, Watch watch) {
    try (var folder = RunFolder.reopen(path)) {
      var plan = RunPlan.read(session.catalog(), folder.plan(), List.of());
      var last = Records.last(folder.checkpoints(), watch::note);
      if (last.isEmpty()) {
        return;
      }
      leave(plan, folder, session.dataset(plan), trained(plan.method(), last.get()));
      session.wiring().report(List.of(folder.path()), folder.report());
    }
  }

  private static <S> TensorMap trained(Method<S> method, Checkpoint last) {
    return method.trained(method.state().decode(last.state().open(), Memory.NONE));
  }

  /** Says how to take the work up again where it can be. */
  private Summary carryOn(RunPlan plan, String label, RunFolder folder, Watch watch) {
    try {
      return carryOut(plan, label, folder, watch);
    } catch (AnabranchException e) {
      if (!Records.any(folder.checkpoints())) {
        throw e;
      }
      // With a summary the run is complete, and only its page is missing.
      var next =
          Files.exists(folder.summary())
              ? "anabranch report " + folder.path()
              : watch.goOn(folder.path());
      throw new AnabranchException(e.failure(), e.getMessage() + "; go on with: " + next, e);
    }
  }

  private Summary carryOut(RunPlan plan, String label, RunFolder folder, Watch watch) {
    var data = session.dataset(plan);
    Feasibility.requireCohort(plan, data.shards().size());
    var engine = session.engine(plan);
    try (var log = Records.log(folder.log())) {
      if (!Records.any(folder.checkpoints())) {
        log.cut(0);
        head(plan, label, data, log);
      }
      int rounds = plan.methodNumber("rounds").orElse(0L).intValue();
      var method = plan.method();
      var large = session.wiring().large(plan, engine);
      var records =
          new Job.Records(
              watch.log(log),
              Records.checkpoints(folder.checkpoints(), log, watch::note),
              watch.start(folder.path(), label, rounds == 0 ? 0 : rounds + method.closingRounds()));
      var alone = session.job(plan, records);
      var evaluation = alone.scoring().evaluation();
      var job =
          alone
              .with(new Beside(large.orElse(null), data.publicText()))
              .with(
                  new Job.Scoring(
                      evaluation.with(session.wiring().instruments(plan, engine, evaluation)),
                      plan.evaluateEvery()));
      var outcome = fabric.apply(plan).run(method, job);
      return leave(plan, label, folder, data, outcome);
    }
  }

  private static void head(RunPlan plan, String label, Dataset data, RunLog log) {
    var run = new LinkedHashMap<String, Object>();
    run.put("name", plan.name());
    run.put("label", label);
    run.put("method", plan.methodName());
    run.put("needs", plan.method().card().needs().stream().map(Enum::name).sorted().toList());
    run.put("seed", plan.seed());
    run.put("rounds", plan.methodNumber("rounds").orElse(0L));
    run.put("devices", data.shards().size());
    run.put("cohort", plan.methodNumber("cohort").orElse((long) data.shards().size()));
    run.put("classes", data.classes());
    var profiles = plan.profiles().stream().map(DeviceProfile::name).toList();
    run.put(
        "profiles",
        java.util.stream.IntStream.range(0, data.shards().size())
            .mapToObj(i -> profiles.get(i % profiles.size()))
            .toList());
    log.append("run", -1, run);
    for (int i = 0; i < data.shards().size(); i++) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("device", i);
      fields.put("labels", data.labels(data.shards().get(i)));
      log.append("partition", -1, fields);
    }
  }

  private static Map<String, Object> summary(RunPlan plan, Summary summary) {
    var out = summary.toMap();
    if (plan.languageModel() && out.get("metrics") instanceof Map<?, ?> metrics) {
      var all = new LinkedHashMap<String, Object>();
      metrics.forEach((name, value) -> all.put(String.valueOf(name), value));
      all.put("perplexity", summary.metrics().perplexity());
      out.put("metrics", all);
    }
    return out;
  }

  /** The summary comes last: where there is one, the record is whole. */
  private Summary leave(
      RunPlan plan, String label, RunFolder folder, Dataset data, Outcome outcome) {
    var summary =
        Summary.of(
            folder.path(),
            label,
            plan.methodName(),
            plan.seed(),
            data.shards().size(),
            plan.methodNumber("cohort").orElse((long) data.shards().size()).intValue(),
            outcome,
            data.classes());
    leave(plan, folder, data, outcome.trained());
    folder.write(folder.summary(), Json.pretty(summary(plan, summary)));
    session.wiring().report(List.of(folder.path()), folder.report());
    return summary;
  }

  private void leave(RunPlan plan, RunFolder folder, Dataset data, TensorMap trained) {
    var sha256 = trained.sha256();
    SafeTensors.write(folder.trained(), trained, Map.of("format", "pt", "weightsSha256", sha256));
    var facts = session.engine(plan).facts();
    folder.write(
        folder.provenance(),
        Json.pretty(
            Provenance.of(
                plan.seed(),
                facts.name(),
                facts.sha256(),
                plan.sourceName(),
                data.sha256(),
                sha256,
                Digest.sha256(folder.trained()))));
  }
}
