package dev.anabranch.core;

/** The loop of a {@link StarMethod}. */
public final class Rounds {
  private Rounds() {}

  public static <S, D, U> S run(StarMethod<S, D, U> method, Coordinator<S> me, S state) {
    for (int round = me.firstRound(); round < method.rounds(); round++) {
      var cohort = method.cohort().choose(me.roster(), round, me.random("cohort", round));
      try (var visits = me.invite(round, cohort)) {
        visits.sendAll(method.down(), method.offer(state, round));
        state = method.fold(state, visits.gather(method.up(), method.quorum()));
      }
      me.checkpoint(round + 1, state);
    }
    return state;
  }
}
