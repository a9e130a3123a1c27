package dev.anabranch.methods.gossip;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import java.util.List;

/** When agents talk, and how much. */
public sealed interface Communication {
  /** What happens after the local steps of a round. */
  enum Phase {
    /** Nothing. */
    SILENT,
    /** The plan's topology. */
    SPARSE,
    /** The mean over all. */
    DENSE
  }

  Phase phase(int round, int rounds);

  /** The plan's topology in every round. */
  record Fixed() implements Communication {
    @Override
    public Phase phase(int round, int rounds) {
      return Phase.SPARSE;
    }
  }

  /**
   * The plan's topology, then the mean over all: the authors' {@code truncate}.
   *
   * @param point the share of the rounds after which all is dense
   */
  record SparseThenMerge(double point) implements Communication {
    @Override
    public Phase phase(int round, int rounds) {
      return round >= Math.floor(point * rounds) ? Phase.DENSE : Phase.SPARSE;
    }
  }

  /**
   * The mean over all within a window, the plan's topology elsewhere: {@code truncate_v2}.
   *
   * @param point the share of the rounds at which the window begins
   * @param size rounds within it
   */
  record Window(double point, int size) implements Communication {
    @Override
    public Phase phase(int round, int rounds) {
      int start = (int) Math.floor(point * rounds);
      return round >= start && round < start + size ? Phase.DENSE : Phase.SPARSE;
    }
  }

  /** The mean over all every so many rounds, silence between: periodic averaging. */
  record Periodic(int every) implements Communication {
    @Override
    public Phase phase(int round, int rounds) {
      return (round + 1) % every == 0 ? Phase.DENSE : Phase.SILENT;
    }
  }

  /** Nobody talks. */
  record None() implements Communication {
    @Override
    public Phase phase(int round, int rounds) {
      return Phase.SILENT;
    }
  }

  /**
   * The rate follows the consensus distance that training still bears: Proposition 3 asks that it
   * stay below a bound that grows with the gradient. The distance at a rate R is taken to go with
   * {@code (1 + R) / R²}, which is the proposition's {@code (1 − p) / p²} for p = R / (1 + R); the
   * squared gradient is read from how fast the training loss falls. In the last rounds the rate
   * goes up to everybody in a straight line.
   *
   * <p>Differs: the paper states the proposition and no schedule; this one is ours.
   *
   * @param bound c: the squared consensus distance may be c times the loss that a round gains
   * @param ramp the share of the rounds over which the rate goes up in the end
   */
  record Adaptive(double bound, double ramp) implements Communication {
    private static final double SMOOTH = 0.3;

    @Override
    public Phase phase(int round, int rounds) {
      return Phase.SPARSE;
    }

    /** What is known after a round. */
    record Sight(double rate, double loss, double gain) {}

    /**
     * The next sight.
     *
     * @param loss mean training loss of this round
     * @param distance squared consensus distance as last seen; below 0: not seen
     * @param least the plan's rate
     * @param most everybody: m − 1
     */
    Sight next(
        Sight before, double loss, double distance, int round, int rounds, double least, int most) {
      double fell = before.loss == 0 ? 0 : Math.max(0, before.loss - loss);
      double gain = before.gain == 0 ? fell : (1 - SMOOTH) * before.gain + SMOOTH * fell;
      double rate = before.rate;
      if (distance >= 0 && gain > 0) {
        double each = distance / spread(before.rate);
        rate = least;
        while (rate < most && each * spread(rate) > bound * gain) {
          rate = Math.min(most, 2 * rate);
        }
      }
      double left = (round + 1 - (1 - ramp) * rounds) / Math.max(1, ramp * rounds);
      if (left > 0) {
        rate = Math.max(rate, least + Math.min(1, left) * (most - least));
      }
      return new Sight(rate, loss, gain);
    }

    private static double spread(double rate) {
      return (1 + rate) / (rate * rate);
    }
  }

  Knob.Real POINT = new Knob.Real("point", 0.997, 0, 1, "share of the rounds before it begins");
  Knob.Int SIZE = new Knob.Int("size", 1, 1, 1_000_000, "rounds of the window");
  Knob.Int EVERY = new Knob.Int("every", 48, 1, 1_000_000, "rounds between two means");
  Knob.Real BOUND =
      new Knob.Real("bound", 1, 0, 1e9, "squared consensus distance for each nat a round gains");
  Knob.Real RAMP =
      new Knob.Real("ramp", 0.05, 0, 1, "share of the rounds in which the rate goes up in the end");

  /** What a plan can choose. */
  List<Kind<? extends Communication>> KINDS =
      List.of(
          Kind.of("fixed", "the topology in every round", List.of(), s -> new Fixed()),
          Kind.of(
              "sparse-then-merge",
              "the topology, then the mean over all",
              List.of(POINT),
              s -> new SparseThenMerge(s.real(POINT))),
          Kind.of(
              "window",
              "the mean over all within a window, the topology elsewhere",
              List.of(POINT, SIZE),
              s -> new Window(s.real(POINT), s.integer(SIZE))),
          Kind.of(
              "periodic",
              "the mean over all now and then, silence between",
              List.of(EVERY),
              s -> new Periodic(s.integer(EVERY))),
          Kind.of("none", "nobody talks", List.of(), s -> new None()),
          Kind.of(
              "adaptive",
              "as many random peers as the consensus distance asks for",
              List.of(BOUND, RAMP),
              s -> new Adaptive(s.real(BOUND), s.real(RAMP))));

  /** The knob that chooses one. */
  static Knob.OneOf knob() {
    return new Knob.OneOf("communication", "fixed", KINDS, "when agents talk");
  }
}
