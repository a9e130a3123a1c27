package dev.anabranch.methods.split;

import dev.anabranch.core.Batch;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Device;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Model;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.Training;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import org.jspecify.annotations.Nullable;

/** What the visits of all split methods have in common. */
final class Split {
  static final Knob.Int HEAD_LAYERS =
      new Knob.Int("headLayers", 1, 0, 10_000, "transformer layers on the device before the cut");
  static final Knob.Int TAIL_LAYERS =
      new Knob.Int("tailLayers", 1, 0, 10_000, "transformer layers on the device after the cut");
  static final Knob.Choice TAIL_TRAINABLE =
      new Knob.Choice(
          "tailTrainable", "all", List.of("all", "classifier"), "what of the tail is trained");
  static final Knob.Flag WEIGHTED =
      new Knob.Flag("weighted", true, "whether a device counts by its examples, or all alike");

  private Split() {}

  /** The settings of every split method, and more. */
  static List<Knob> knobs(Knob.Real learningRate, Knob... more) {
    var all = Training.knobs(learningRate, WEIGHTED, HEAD_LAYERS, TAIL_LAYERS);
    all.addAll(List.of(more));
    return all;
  }

  /** What of the tail is trained. */
  static Parameterisation tail(String trainable) {
    return trainable.equals("all")
        ? new Parameterisation.Everything()
        : new Parameterisation.HeadOnly();
  }

  /** The device's segments with the global variables in them. */
  static Model begin(Device me, TensorMap global) {
    return me.lane()
        .run(
            "load",
            () -> {
              me.model().trainable().load(global);
              return me.model();
            });
  }

  /**
   * Trains on the rows batch by batch, with a fresh optimizer. Gives the mean loss.
   *
   * @param step one mini-batch, such as {@link #step}; gives its loss
   */
  static double train(
      Device me, Training training, int[] rows, ToDoubleBiFunction<Batch, Optimizer> step) {
    var stepper =
        me.lane().run("optimizer", () -> me.model().optimizer(training.optimizer(me.round())));
    double loss = 0;
    int steps = 0;
    for (var batch : training.batches(me.data(), rows, me.random("order"))) {
      loss += step.applyAsDouble(batch, stepper);
      steps++;
    }
    return loss / steps;
  }

  /** Sends what changed. */
  static void finish(Device me, TensorMap global, int examples, double loss) {
    try (var update =
        me.lane()
            .run(
                "difference",
                () -> new Update(me.model().trainable().minus(global), examples, loss))) {
      me.coordinator().send(Averaging.UPDATE, update);
    }
  }

  /**
   * One mini-batch through head, body and tail and back; one step of the device's variables. Gives
   * the loss.
   */
  static double step(Device me, SplitTopics topics, Batch batch, Optimizer stepper) {
    var model = me.model();
    var sent = me.lane().run("head forward", () -> model.head().forward(batch)); // [b, t, d]
    me.body().send(topics.activation(), sent);
    var answer = me.body().receive(topics.bodyOutput()); // [b, t, d]
    var tail =
        me.lane()
            .run(
                "tail",
                () -> {
                  stepper.zero();
                  return model.tail().lossAndGradient(answer, batch);
                });
    me.body().send(topics.outputGradient(), answer.withValues(tail.gradient())); // [b, t, d]
    var gradient = me.body().receive(topics.inputGradient()); // [b, t, d]
    me.lane()
        .run(
            "head backward",
            () -> {
              model.head().backward(batch, gradient.values());
              stepper.step();
            });
    sent.values().close();
    tail.gradient().close();
    return tail.loss();
  }

  /** As {@link #step} where nothing before the second cut is trained: no gradient crosses. */
  static double tailStep(Device me, SplitTopics topics, Batch batch, Optimizer stepper) {
    var model = me.model();
    var sent = me.lane().run("head forward", () -> model.head().forward(batch)); // [b, t, d]
    me.body().send(topics.activation(), sent);
    var answer = me.body().receive(topics.bodyOutput()); // [b, t, d]
    sent.values().close();
    return me.lane()
        .run(
            "tail",
            () -> {
              stepper.zero();
              var result = model.tail().lossAndGradient(answer, batch);
              stepper.step();
              result.gradient().close();
              return result.loss();
            });
  }

  /** The body's forward for one mini-batch of {@link #tailStep}. */
  static void forward(BodyHost me, SplitTopics topics) {
    var in = me.device().receive(topics.activation()); // [b, t, d]
    var out = me.lane().run("body forward", () -> me.model().block("body").forward(in));
    me.device().send(topics.bodyOutput(), in.withValues(out));
    out.close();
  }

  /**
   * The body's part in one mini-batch; steps its variables if it has a stepper. Gives the number of
   * samples.
   */
  static int answer(BodyHost me, SplitTopics topics, @Nullable Optimizer stepper) {
    var in = me.device().receive(topics.activation()); // [b, t, d]
    var out = me.lane().run("body forward", () -> me.model().block("body").forward(in));
    me.device().send(topics.bodyOutput(), in.withValues(out));
    var gradient = me.device().receive(topics.outputGradient()); // [b, t, d]
    var back =
        me.lane()
            .run(
                "body backward",
                () -> {
                  if (stepper != null) {
                    stepper.zero();
                  }
                  var g = me.model().block("body").backward(in, gradient.values());
                  if (stepper != null) {
                    stepper.step();
                  }
                  return g;
                });
    me.device().send(topics.inputGradient(), in.withValues(back));
    out.close();
    back.close();
    return in.lengths().length;
  }
}
