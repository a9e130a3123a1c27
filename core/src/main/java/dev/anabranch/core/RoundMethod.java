package dev.anabranch.core;

/**
 * The common shape: one message down, local work, one message up, fold.
 *
 * @param <S> global state
 * @param <D> what goes down
 * @param <U> what comes up
 */
public interface RoundMethod<S, D, U> extends Method<S> {
  int rounds();

  CohortPolicy cohort();

  Quorum quorum();

  Topic<D> down();

  Topic<U> up();

  D offer(S state, int round);

  /** Local work, on a lane. Pure but for {@code me.memory()}, so it can run as a task on another machine. */
  U work(Device me, D offer);

  S fold(S state, Replies<U> replies);

  @Override
  default S coordinate(Coordinator<S> me, S state) {
    return Rounds.run(this, me, state);
  }

  @Override
  default void participate(Device me) {
    var offer = me.coordinator().receive(down());
    me.coordinator().send(up(), me.lane().run("local training", () -> work(me, offer)));
  }
}
