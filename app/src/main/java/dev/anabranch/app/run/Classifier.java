package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.Predictor;
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

  /** Takes a complete run that tells classes. */
  public static Classifier open(Session session, TrainedRun trained) {
    var engine = trained.engine();
    var use = trained.plan().method().use(engine.facts());
    return new Classifier(
        session.wiring(),
        trained.plan(),
        trained.classes(),
        engine.predictor(use, trained.trained()));
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
