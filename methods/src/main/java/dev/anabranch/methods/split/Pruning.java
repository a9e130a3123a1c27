package dev.anabranch.methods.split;

import dev.anabranch.core.Device;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Route;
import dev.anabranch.core.Settings;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.parts.El2n;
import dev.anabranch.parts.Keep;
import dev.anabranch.parts.ScoreAverage;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Which examples of a visit go through the body: step 4 of SFPrompt, with what it leaves open as
 * options.
 *
 * @param fraction share kept, the hardest first
 * @param random whether rows are kept at random instead, as a control
 * @param classFloor at least so many of each class, the hardest first
 * @param dropTop share of the very hardest that is left out, as likely label noise
 * @param scoreWeight weight of a visit's scores in their running mean over visits; 1: the last ones
 *     alone
 * @param freezeRounds a choice stands for so many rounds
 * @param before whether examples are chosen before the self-update too, which then sees only those
 */
record Pruning(
    double fraction,
    boolean random,
    int classFloor,
    double dropTop,
    double scoreWeight,
    int freezeRounds,
    boolean before) {
  private static final Knob.Real KEEP =
      new Knob.Real(
          "keepFraction", 0.5, 1e-6, 1, "share of a visit's examples kept, hardest first");
  private static final Knob.Choice RULE =
      new Knob.Choice("keep", "el2n", List.of("el2n", "random"), "how kept examples are chosen");
  private static final Knob.Int FLOOR =
      new Knob.Int("classFloor", 0, 0, 1_000_000, "keep at least so many of each class");
  private static final Knob.Real DROP =
      new Knob.Real("dropTop", 0, 0, 0.99, "share of the very hardest left out");
  private static final Knob.Real AVERAGE =
      new Knob.Real("scoreWeight", 1, 1e-3, 1, "weight of a visit's scores in their running mean");
  private static final Knob.Int FREEZE =
      new Knob.Int("freezeRounds", 1, 1, 1_000_000, "keep a choice for so many rounds");
  private static final Knob.Flag BEFORE =
      new Knob.Flag("pruneBeforeSelfUpdate", false, "choose before the self-update as well");

  static final List<Knob> KNOBS = List.of(KEEP, RULE, FLOOR, DROP, AVERAGE, FREEZE, BEFORE);

  static Pruning read(Settings s) {
    return new Pruning(
        s.real(KEEP),
        s.choice(RULE).equals("random"),
        s.integer(FLOOR),
        s.real(DROP),
        s.real(AVERAGE),
        s.integer(FREEZE),
        s.flag(BEFORE));
  }

  /** Whether examples are scored at all. */
  boolean scores() {
    return fraction < 1 && !random;
  }

  /** The kept rows in ascending order; on a lane. */
  int[] keep(Device me, Route route, int[] rows, int batch) {
    if (fraction >= 1) {
      return rows;
    }
    var frozen =
        me.memory().get("kept").filter(k -> me.round() - k.get("round").get(0) < freezeRounds);
    if (freezeRounds > 1 && frozen.isPresent()) {
      return ints(frozen.get().get("rows"));
    }
    int[] labels = Arrays.stream(rows).map(me.data()::label).toArray();
    var rule = new Keep(fraction, classFloor, dropTop);
    int[] positions =
        random
            ? rule.random(rows.length, me.random("keep"))
            : rule.highest(average(me, rows, score(me, route, rows, batch)), labels);
    int[] kept = Arrays.stream(positions).map(i -> rows[i]).toArray();
    if (freezeRounds > 1) {
      me.memory()
          .put(
              "kept",
              TensorMap.of(Map.of("round", floats(new int[] {me.round()}), "rows", floats(kept))));
    }
    return kept;
  }

  /** EL2N of every row through the shortcut: ‖softmax(g(x)) − onehot(y)‖₂. */
  private static float[] score(Device me, Route route, int[] rows, int batchSize) {
    float[] scores = new float[rows.length];
    int at = 0;
    for (var batch : me.data().inOrder(rows, batchSize)) {
      try (var logits = route.logits(batch)) { // [b, classes]
        float[] part = El2n.scores(logits, batch.labels());
        System.arraycopy(part, 0, scores, at, part.length);
        at += part.length;
      }
    }
    return scores;
  }

  /** Running means over the visits that saw a row. */
  private float[] average(Device me, int[] rows, float[] now) {
    if (scoreWeight == 1) {
      return now;
    }
    int n = me.data().size();
    float[] all =
        me.memory().get("scores").map(m -> m.get("mean").toArray()).orElseGet(() -> unseen(n));
    float[] past = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      past[i] = all[rows[i]] < 0 ? now[i] : all[rows[i]];
    }
    float[] mean = new ScoreAverage(scoreWeight).next(past, now);
    for (int i = 0; i < rows.length; i++) {
      all[rows[i]] = mean[i];
    }
    me.memory().put("scores", TensorMap.of(Map.of("mean", Tensor.of(all, n))));
    return mean;
  }

  /** Scores are never negative, so a negative one says that a row was not seen yet. */
  private static float[] unseen(int n) {
    float[] all = new float[n];
    Arrays.fill(all, -1);
    return all;
  }

  private static Tensor floats(int[] values) {
    float[] out = new float[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = values[i];
    }
    return Tensor.of(out, out.length);
  }

  private static int[] ints(Tensor values) {
    int[] out = new int[Math.toIntExact(values.elements())];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) values.get(i);
    }
    return out;
  }
}
