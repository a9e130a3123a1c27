package dev.anabranch.core;

/**
 * Rounds of one broadcast and one gather, whatever happens in a visit between them.
 *
 * @param <S> global state
 * @param <D> what goes down
 * @param <U> what comes up
 */
public interface StarMethod<S, D, U> extends Method<S> {
  int rounds();

  CohortPolicy cohort();

  Quorum quorum();

  Topic<D> down();

  Topic<U> up();

  D offer(S state, int round);

  S fold(S state, Replies<U> replies);

  @Override
  default S coordinate(Coordinator<S> me, S state) {
    return Rounds.run(this, me, state);
  }
}
