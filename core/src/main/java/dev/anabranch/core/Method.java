package dev.anabranch.core;

/**
 * A published method: what the coordinator does, what a device does and, for split methods, what
 * the body does. The only concept that a fabric knows. An implementation is a record: it keeps no
 * state between calls and touches no clock, thread or random source of its own.
 *
 * @param <S> the global state that survives a round
 */
public interface Method<S> {
  Card card();

  /**
   * Where the model is cut and what is trained in each part.
   *
   * @throws AnabranchException if this model or task cannot be used so
   */
  ModelUse use(ModelFacts model);

  /** The state before round 0. */
  S begin(Setup setup);

  /** How the state is kept in a checkpoint; must be {@link Fidelity#EXACT}. */
  Codec<S> state();

  /**
   * All trained variables of a state, under their names in the model: what is evaluated and what a
   * run leaves. Empty if the method has no common model, which is then not scored.
   */
  TensorMap trained(S state);

  /** Scores a state after a round: what {@link #trained} gives, if there is anything to score. */
  default void measure(S state, Instruments look) {
    var trained = trained(state);
    if (trained.size() > 0) {
      look.score(look.evaluate(trained));
    }
  }

  /**
   * What a run leaves in the end: {@link #trained}, unless that lies on the devices and no program
   * has brought it to the coordinator.
   */
  default TensorMap result(S state, Instruments look) {
    return trained(state);
  }

  /** Rounds after those that a plan asks for: a last merge, a last exchange. */
  default int closingRounds() {
    return 0;
  }

  /** The whole run, straight-line. */
  S coordinate(Coordinator<S> me, S state);

  /** One visit of a device: from its first receive to its last send. */
  void participate(Device me);

  /** Beside the body, once per visit. */
  default void serve(BodyHost me) {
    throw new AnabranchException(
        Failure.UNSUPPORTED,
        card().name() + " has no program for the body (expected: a split method)");
  }
}
