package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Failure;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.files.SafeTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run has left, complete or after its last full round: its plan, the names of its classes,
 * and the trained variables.
 *
 * @param engine of the plan, with the model that was trained; it belongs to the session
 */
public record TrainedRun(RunPlan plan, List<String> classes, TensorMap trained, Engine engine) {
  /** Opens a run; refuses one whose model or trained variables are not those of its record. */
  public static TrainedRun open(Session session, Path run) {
    RunFolder.require(run);
    boolean complete = Files.exists(RunFolder.summary(run));
    if (!complete && !Files.exists(RunFolder.trained(run))) {
      throw AnabranchException.expected(
          Failure.USAGE,
          run.toString(),
          "incomplete",
          "a complete run; go on with this one by 'anabranch resume " + run + "'");
    }
    var plan = RunPlan.read(session.catalog(), RunFolder.plan(run), List.of());
    var provenance = Json.readObject(RunFolder.provenance(run));
    var summary = complete ? Json.readObject(RunFolder.summary(run)) : Map.of();
    var classes =
        complete ? Records.texts(summary.get("classes")) : Records.classes(RunFolder.log(run));
    if (classes.isEmpty()) {
      throw AnabranchException.expected(
          Failure.CORRUPT,
          (complete ? RunFolder.summary(run) : RunFolder.log(run)).toString(),
          "no classes",
          "a list of their names");
    }
    if (!Files.isRegularFile(RunFolder.trained(run))) {
      throw AnabranchException.expected(
          Failure.CORRUPT,
          RunFolder.trained(run).toString(),
          "missing",
          "the trained variables of a whole run");
    }
    var trained = SafeTensors.read(RunFolder.trained(run));
    same(
        Failure.CORRUPT,
        RunFolder.trained(run).toString(),
        "SHA-256 of values " + trained.sha256(),
        String.valueOf(
            complete
                ? summary.get("weightsSha256")
                : field(provenance.get("result"), "weightsSha256")));
    var engine = session.engine(plan, classes.size());
    same(
        Failure.MODEL,
        "model " + engine.facts().name(),
        "SHA-256 " + engine.facts().sha256(),
        String.valueOf(field(provenance.get("model"), "sha256")));
    return new TrainedRun(plan, classes, trained, engine);
  }

  private static @Nullable Object field(@Nullable Object map, String name) {
    return map instanceof Map<?, ?> fields ? fields.get(name) : null;
  }

  private static void same(Failure failure, String name, String found, String expected) {
    if (!found.endsWith(" " + expected)) {
      throw AnabranchException.expected(failure, name, found, expected + ", as the run recorded");
    }
  }
}
