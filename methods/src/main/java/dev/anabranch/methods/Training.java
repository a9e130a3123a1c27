package dev.anabranch.methods;

import dev.anabranch.core.Batch;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.GradientSolver;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Knob;
import dev.anabranch.core.LocalReport;
import dev.anabranch.core.Model;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Route;
import dev.anabranch.core.Settings;
import dev.anabranch.core.Shard;
import dev.anabranch.parts.UniformCohort;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.stream.StreamSupport;

/**
 * What methods that train by gradients in rounds have in common.
 *
 * @param rounds how many
 * @param cohortSize devices invited to a round; 0 where all take part
 * @param minimum replies without which a round fails
 * @param examples at most so many of a device's examples a visit; 0: all
 * @param batch examples a step
 * @param epochs passes over the visit's examples
 * @param steps gradient steps a visit, in as many passes as they need; 0: by epochs
 * @param solver how variables are stepped in the first round; moments last for a visit
 * @param schedule how its learning rate goes down over the rounds
 */
public record Training(
    int rounds,
    int cohortSize,
    int minimum,
    int examples,
    int batch,
    int epochs,
    int steps,
    OptimizerSpec solver,
    Schedule schedule) {
  public static final Knob.Int ROUNDS =
      new Knob.Int("rounds", 12, 1, 1_000_000, "how many aggregations");
  public static final Knob.Int COHORT =
      new Knob.Int("cohort", 8, 1, 10_000_000, "devices invited to a round");
  public static final Knob.Int QUORUM =
      new Knob.Int("quorum", 1, 1, 10_000_000, "sound replies without which a round fails");
  public static final Knob.Int EXAMPLES =
      new Knob.Int(
          "examples", 32, 0, Integer.MAX_VALUE, "at most so many examples a visit; 0: all");
  public static final Knob.Int BATCH = new Knob.Int("batch", 16, 1, 65_536, "examples a step");
  public static final Knob.Int EPOCHS =
      new Knob.Int("epochs", 1, 1, 100_000, "passes over the visit's examples");
  public static final Knob.Int STEPS =
      new Knob.Int(
          "steps", 0, 0, 1_000_000, "gradient steps a visit, in passes as needed; 0: by epochs");
  public static final Knob.Choice OPTIMIZER =
      new Knob.Choice("optimizer", "adamw", List.of("adamw", "sgd"), "how variables are stepped");
  public static final Knob.Real MOMENTUM =
      new Knob.Real("momentum", 0.9, 0, 0.9999, "momentum of sgd");
  public static final Knob.Real WEIGHT_DECAY =
      new Knob.Real("weightDecay", 0.01, 0, 10, "decoupled for adamw, in the gradient for sgd");
  public static final Knob.Real CLIP =
      new Knob.Real("clip", 1.0, 0, 1e9, "largest norm of the gradient; 0: none");
  public static final Knob.Int WARMUP =
      new Knob.Int("warmupSteps", 0, 0, 1_000_000, "steps of linear growth of the learning rate");

  public static final Knob.Choice SCHEDULE =
      new Knob.Choice(
          "schedule",
          "constant",
          List.of("constant", "linear", "cosine"),
          "how the learning rate goes down over the rounds");

  /** The learning rate's knob; its default differs by what is trained. */
  public static Knob.Real learningRate(double standard) {
    return new Knob.Real("learningRate", standard, 0, 100, "step size");
  }

  /** All of these knobs, and more; one of the same name stands in the place of the general one. */
  public static List<Knob> knobs(Knob.Real learningRate, Knob... more) {
    var all =
        new ArrayList<Knob>(
            List.of(
                ROUNDS,
                COHORT,
                QUORUM,
                EXAMPLES,
                BATCH,
                EPOCHS,
                STEPS,
                OPTIMIZER,
                learningRate,
                MOMENTUM,
                WEIGHT_DECAY,
                CLIP,
                WARMUP,
                SCHEDULE));
    for (var own : more) {
      int general = all.stream().map(Knob::name).toList().indexOf(own.name());
      if (general < 0) {
        all.add(own);
      } else {
        all.set(general, own);
      }
    }
    return all;
  }

  /** These knobs for methods in which every device takes part in every round. */
  public static List<Knob> knobsForAll(Knob.Real learningRate, Knob... more) {
    return knobs(learningRate, more).stream().filter(k -> !k.equals(COHORT)).toList();
  }

  public static Training read(Settings s, Knob.Real learningRate) {
    var kind = OptimizerSpec.Kind.valueOf(s.choice(OPTIMIZER).toUpperCase(Locale.ROOT));
    var optimizer =
        new OptimizerSpec(
            kind,
            s.real(learningRate),
            s.real(MOMENTUM),
            0.9,
            0.999,
            s.real(WEIGHT_DECAY),
            s.real(CLIP),
            s.integer(WARMUP));
    return new Training(
        s.integer(ROUNDS),
        s.has(COHORT) ? s.integer(COHORT) : 0,
        s.integer(QUORUM),
        s.integer(EXAMPLES),
        s.integer(BATCH),
        s.integer(EPOCHS),
        s.integer(STEPS),
        optimizer,
        Schedule.valueOf(s.choice(SCHEDULE).toUpperCase(Locale.ROOT)));
  }

  /** The same with the learning rate multiplied. */
  public Training scaled(double factor) {
    return new Training(
        rounds,
        cohortSize,
        minimum,
        examples,
        batch,
        epochs,
        steps,
        solver.scaled(factor),
        schedule);
  }

  /** Batches over the rows: {@code epochs} passes in fresh orders, or exactly {@code steps}. */
  public Iterable<Batch> batches(Shard data, int[] rows, RandomGenerator random) {
    if (steps == 0) {
      return data.shuffled(rows, batch, epochs, random);
    }
    int passes = Math.ceilDiv(steps, Math.max(1, Math.ceilDiv(rows.length, batch)));
    var all = data.shuffled(rows, batch, passes, random);
    return () -> StreamSupport.stream(all.spliterator(), false).limit(steps).iterator();
  }

  public CohortPolicy cohort() {
    return new UniformCohort(cohortSize);
  }

  public Quorum quorum() {
    return new Quorum(minimum);
  }

  /** How variables are stepped in a round. */
  public OptimizerSpec optimizer(int round) {
    return solver.scaled(schedule.factor(round, rounds));
  }

  /** Gradient steps of a round over the batches with fresh moments; on a lane. */
  public LocalReport run(
      Model model, Route route, int round, Iterable<Batch> batches, GradientTerm... terms) {
    try (var stepper = model.optimizer(optimizer(round), terms)) {
      return new GradientSolver(stepper).solve(route, batches);
    }
  }
}
