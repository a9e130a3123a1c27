package dev.anabranch.methods.distillation;

import dev.anabranch.core.Batch;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Check;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Settings;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.parts.Distillation;
import dev.anabranch.parts.TopScores;
import java.util.ArrayList;

/**
 * A round in which the coordinator's model learns from a large one, text by public text.
 *
 * @param distil how much and how
 * @param topK how many next tokens the large model tells; 0: all
 */
record Teaching(Distil distil, int topK) {
  static final Knob.Text LARGE =
      new Knob.Text("large", "", "the large model: a name that model.source knows, or a path");
  private static final Knob.Int TOP_K =
      new Knob.Int("topK", 0, 0, 1_000_000, "next tokens that the large model tells; 0: all");

  /** What a plan can set, but for {@link #LARGE}. */
  static java.util.List<Knob> knobs() {
    var all = new ArrayList<Knob>(Distil.KNOBS);
    all.add(TOP_K);
    return all;
  }

  static Teaching read(Settings s) {
    return new Teaching(Distil.read(s), s.integer(TOP_K));
  }

  /** What the student is to say: [n, v] scores at the positions that are asked, on a lane. */
  interface Teacher {
    Tensor scores(Model model, Tensor large, Batch batch);
  }

  /** The large model's own scores. */
  static final Teacher AS_IT_IS =
      (model, large, batch) -> Distillation.asked(large, batch.labels());

  /**
   * Some steps down the divergence from the teacher.
   *
   * @param use names the random streams and the loss in the run log
   * @param start the student's variables; they stay with the caller
   * @return its variables afterwards
   */
  <S> TensorMap round(Coordinator<S> me, String use, int round, TensorMap start, Teacher teacher) {
    var model = me.model();
    var large = large(me, model);
    var text = me.publicText();
    int[] rows = text.sample(distil.examples(), me.random(use + " texts", round));
    var batches =
        text.shuffled(rows, distil.batch(), distil.epochs(), me.random(use + " order", round));
    var losses = new ArrayList<Double>();
    var student = start.copy();
    try (var optimizer = me.lane().run(use, () -> model.optimizer(distil.optimizer()))) {
      for (var batch : batches) {
        try (var before = student;
            var scores = large.logits((Inputs.Tokens) batch.inputs())) { // [b, t, v]
          student =
              me.lane()
                  .run(
                      use,
                      () -> {
                        try (var target = teacher.scores(model, scores, batch)) {
                          model.trainable().load(before);
                          losses.add(step(model, optimizer, target, batch));
                          return model.trainable().copy();
                        }
                      });
        }
      }
    }
    me.report(round, use + "Loss", losses.stream().mapToDouble(x -> x).average().orElse(0));
    return student;
  }

  static void requireLanguage(String method, ModelFacts model) {
    Check.that(
        model.pooling() == Pooling.NONE,
        "task.kind",
        "text-classification",
        "causal-lm, as " + method + " works on the scores of next tokens");
  }

  private <S> BlackBox large(Coordinator<S> me, Model model) {
    var large = me.large();
    int v = model.facts().classes();
    Check.that(
        large.vocabulary() == v,
        "large: vocabulary of " + large.name(),
        large.vocabulary() + " tokens",
        v + ", as that of " + model.facts().name());
    return topK > 0 ? new TopScores(large, topK) : large;
  }

  /** One step down KL(softmax(teacher / T) ‖ softmax(s_θ / T)) T². */
  private double step(Model model, Optimizer optimizer, Tensor teacher, Batch batch) {
    optimizer.zero();
    var loss = distil.loss().from(teacher, batch.labels());
    double value = model.route().lossAndGradient(batch, loss);
    optimizer.step();
    return value;
  }

  /** [n, v] scores of a model with some variables, at the positions that are asked. */
  static Tensor scores(Model model, TensorMap variables, Batch batch) {
    model.trainable().load(variables);
    try (var all = model.route().logits(batch)) {
      return Distillation.asked(all, batch.labels());
    }
  }
}
