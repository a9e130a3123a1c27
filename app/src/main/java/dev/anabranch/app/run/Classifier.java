package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.record.SafeTensors;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Predictor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Classifies lines with what a run has trained. Not thread-safe; closing twice is allowed. */
public final class Classifier implements AutoCloseable {
  private final Wiring wiring;
  private final RunPlan plan;
  private final List<String> classes;
  private final Predictor predictor;

  private Classifier(Wiring wiring, RunPlan plan, List<String> classes, Predictor predictor) {
    this.wiring = wiring;
    this.plan = plan;
    this.classes = classes;
    this.predictor = predictor;
  }

  /**
   * What became of one line.
   *
   * @param label of the likeliest class
   * @param probability of it
   * @param probabilities of all classes
   */
  public record Answer(
      String text, String label, double probability, Map<String, Double> probabilities) {}

  /**
   * Opens a complete run; refuses one whose model or trained variables are not those of its record.
   */
  public static Classifier open(Session session, Path run) {
    RunFolder.require(run);
    if (!Files.exists(RunFolder.summary(run))) {
      throw AnabranchException.expected(
          Failure.USAGE,
          run.toString(),
          "incomplete",
          "a complete run; go on with this one by 'anabranch resume " + run + "'");
    }
    var plan = RunPlan.read(session.catalog(), RunFolder.plan(run), List.of());
    if (plan.languageModel()) {
      throw AnabranchException.expected(
          Failure.USAGE, "task.kind", "causal-lm", "text-classification: a run with classes");
    }
    var summary = Json.readObject(RunFolder.summary(run));
    var classes =
        summary.get("classes") instanceof List<?> list
            ? list.stream().map(String::valueOf).toList()
            : List.<String>of();
    if (classes.isEmpty()) {
      throw AnabranchException.expected(
          Failure.CORRUPT,
          RunFolder.summary(run).toString(),
          "no classes",
          "a list of their names");
    }
    var trained = SafeTensors.read(RunFolder.trained(run));
    same(
        Failure.CORRUPT,
        RunFolder.trained(run).toString(),
        "SHA-256 of values " + trained.sha256(),
        String.valueOf(summary.get("weightsSha256")));
    var engine = session.engine(plan, classes.size());
    var model = Json.readObject(RunFolder.provenance(run)).get("model");
    same(
        Failure.MODEL,
        "model " + engine.facts().name(),
        "SHA-256 " + engine.facts().sha256(),
        model instanceof Map<?, ?> map ? String.valueOf(map.get("sha256")) : "none");
    var use = plan.method().use(engine.facts());
    return new Classifier(session.wiring(), plan, classes, engine.predictor(use, trained));
  }

  private static void same(Failure failure, String name, String found, String expected) {
    if (!found.endsWith(" " + expected)) {
      throw AnabranchException.expected(failure, name, found, expected + ", as the run recorded");
    }
  }

  /** One answer a line, in order. */
  public List<Answer> classify(List<String> lines) {
    var shard = wiring.lines(plan, lines);
    try (var logits = predictor.logits(shard.batch(shard.rows()))) {
      float[] z = logits.toArray(); // [b, classes]
      var out = new ArrayList<Answer>();
      for (int i = 0; i < lines.size(); i++) {
        out.add(answer(lines.get(i), z, i * classes.size()));
      }
      return out;
    }
  }

  private Answer answer(String text, float[] z, int from) {
    int best = 0;
    for (int c = 1; c < classes.size(); c++) {
      best = z[from + c] > z[from + best] ? c : best;
    }
    double sum = 0;
    for (int c = 0; c < classes.size(); c++) {
      sum += Math.exp(z[from + c] - z[from + best]);
    }
    var all = new LinkedHashMap<String, Double>();
    for (int c = 0; c < classes.size(); c++) {
      all.put(classes.get(c), Math.exp(z[from + c] - z[from + best]) / sum);
    }
    return new Answer(text, classes.get(best), 1 / sum, all);
  }

  @Override
  public void close() {
    predictor.close();
  }
}
