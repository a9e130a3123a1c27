package dev.anabranch.methods.split;

import dev.anabranch.core.Ability;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Card;
import dev.anabranch.core.Check;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Device;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorMap;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Training;
import java.util.Map;
import java.util.Set;

/**
 * SFPrompt (Cao, Zhu, Gong 2024): frozen head and body, trained soft prompt and tail. A visit
 * trains on the device alone through the shortcut head → tail (phase 1), scores its examples there
 * by EL2N and keeps the hardest, trains on those through the body of another host (phase 2), and
 * returns prompt and tail, which are averaged (phase 3).
 *
 * <p>Differs: prompt and tail take one joint step when the gradient is back from the body, which is
 * the gradient step of the whole model; means are weighted by examples unless {@code weighted} is
 * off; examples are scored after the self-update unless {@code pruneBeforeSelfUpdate} is set (the
 * paper leaves both open).
 *
 * @param headLayers transformer layers before the first cut
 * @param tailLayers transformer layers after the second cut
 * @param prompts soft prompt vectors before the text, n_p
 * @param selfUpdateEpochs U, passes through the shortcut
 * @param auxTail whether the shortcut has a tail of its own that stays on the device
 * @param slice whether only the rows that the other side needs cross the cuts: the same result,
 *     fewer bytes
 */
@Paper(
    title =
        "SFPrompt: Communication-Efficient Split Federated Fine-Tuning for Large Pre-Trained Models"
            + " over Resource-Limited Devices",
    url = "https://arxiv.org/abs/2407.17533")
public record SfPrompt(
    Training training,
    boolean weighted,
    int headLayers,
    int tailLayers,
    Parameterisation tail,
    int prompts,
    int selfUpdateEpochs,
    boolean auxTail,
    boolean slice,
    Pruning pruning)
    implements Averaging {
  private static final String AUX = "aux-tail";
  private static final Knob.Real LEARNING_RATE = Training.learningRate(1e-3);
  private static final Knob.Int PROMPTS =
      new Knob.Int("num_virtual_tokens", 10, 0, 1024, "soft prompt vectors before the text");
  private static final Knob.Int SELF_UPDATE =
      new Knob.Int("selfUpdateEpochs", 10, 0, 10_000, "passes on the device alone, head to tail");
  private static final Knob.Flag AUX_TAIL =
      new Knob.Flag("auxTail", false, "a tail of its own for the shortcut, kept on the device");
  private static final Knob.Flag SLICE =
      new Knob.Flag("sliceCrossings", false, "send only rows that the other side needs");

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<SfPrompt> kind() {
      var knobs =
          Split.knobs(LEARNING_RATE, Split.TAIL_TRAINABLE, PROMPTS, SELF_UPDATE, AUX_TAIL, SLICE);
      knobs.addAll(Pruning.KNOBS);
      return Kind.of(
          "sfprompt",
          "split model, soft prompt and tail trained, self-update and pruning on the device",
          knobs,
          s ->
              new SfPrompt(
                  Training.read(s, LEARNING_RATE),
                  s.flag(Split.WEIGHTED),
                  s.integer(Split.HEAD_LAYERS),
                  s.integer(Split.TAIL_LAYERS),
                  Split.tail(s.choice(Split.TAIL_TRAINABLE)),
                  s.integer(PROMPTS),
                  s.integer(SELF_UPDATE),
                  s.flag(AUX_TAIL),
                  s.flag(SLICE),
                  Pruning.read(s)));
    }
  }

  @Override
  public Card card() {
    return new Card("sfprompt", Set.of(Ability.BODY_LINKS));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    boolean shortcut = selfUpdateEpochs > 0 || pruning.scores();
    boolean mixes = headLayers + tailLayers > 0 || model.pooling() == Pooling.MEAN;
    Check.that( // without mixing, the shortcut's output does not depend on the text
        mixes || !shortcut,
        "task.pooling",
        model.pooling().name().toLowerCase(java.util.Locale.ROOT),
        "mean, or headLayers + tailLayers of at least 1, because the shortcut from head to tail"
            + " cannot see the text otherwise; or selfUpdateEpochs: 0 and keepFraction: 1");
    Check.that(
        prompts > 0 || model.pooling() != Pooling.PROMPT,
        "num_virtual_tokens",
        prompts,
        "at least 1 with task.pooling: prompt");
    Parameterisation head =
        prompts == 0
            ? new Parameterisation.Frozen()
            : new SoftPrompt(prompts, SoftPrompt.Placing.EMBEDDED);
    return new ModelUse(
        Partition.uShape(model.layers(), headLayers, model.layers() - tailLayers),
        Map.of("head", head, "tail", tail));
  }

  private SplitTopics topics(ModelFacts model) {
    return slice
        ? SplitTopics.sliced(headLayers, tailLayers, model.pooling(), prompts)
        : SplitTopics.all(Codecs.HIDDEN);
  }

  @Override
  public void participate(Device me) {
    var global = me.coordinator().receive(GLOBAL); // step 1
    var model = Split.begin(me, global);
    var topics = topics(model.facts());
    int[] rows = me.data().sample(training.examples(), me.random("sample"));
    int[] kept = me.lane().run("self-update", () -> shortcut(me, model, global, rows)); // 2-4
    double loss =
        Split.train(
            me,
            training,
            kept,
            (batch, by) ->
                prompts > 0
                    ? Split.step(me, topics, batch, by)
                    : Split.tailStep(me, topics, batch, by));
    Split.finish(me, global, rows.length, loss); // 11
  }

  /** Phase 1 and the choice of examples: no traffic. Gives the rows of phase 2. */
  private int[] shortcut(Device me, Model model, TensorMap global, int[] rows) {
    if (auxTail) {
      me.memory().get(AUX).ifPresent(aux -> model.trainable().load(prompt(global).and(aux)));
    }
    var route = model.route("head", "tail"); // g_k(x) = f(W_t; f(W_h; [p; x]))
    int[] chosen = pruning.before() ? pruning.keep(me, route, rows, training.batch()) : rows;
    if (selfUpdateEpochs > 0) {
      var order = me.random("self-update");
      training.run(
          model,
          route,
          me.round(),
          me.data().shuffled(chosen, training.batch(), selfUpdateEpochs, order));
    }
    int[] kept = pruning.keep(me, route, rows, training.batch());
    if (auxTail) {
      try (var now = model.trainable().copy()) {
        me.memory().put(AUX, now.select(name -> !isPrompt(name)));
        model.trainable().load(prompt(now).and(global.select(name -> !isPrompt(name))));
      }
    }
    return kept;
  }

  private static TensorMap prompt(TensorMap all) {
    return all.select(SfPrompt::isPrompt);
  }

  private static boolean isPrompt(String name) {
    return name.startsWith("prompt");
  }

  @Override
  public void serve(BodyHost me) { // frozen, no state: any order of devices gives the same
    var topics = topics(me.model().facts());
    while (me.device().more()) {
      if (prompts > 0) {
        Split.answer(me, topics, null); // 6, 9
      } else {
        Split.forward(me, topics);
      }
    }
  }
}
