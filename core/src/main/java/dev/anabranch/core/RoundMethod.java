package dev.anabranch.core;

/**
 * The common shape: one message down, local work, one message up, fold.
 *
 * @param <S> global state
 * @param <D> what goes down
 * @param <U> what comes up
 */
public interface RoundMethod<S, D, U> extends StarMethod<S, D, U> {
  /**
   * Local work, on a lane. Pure but for {@code me.memory()}, so it can run as a task on another
   * machine. An {@link Update} is freed once it is sent.
   */
  U work(Device me, D offer);

  @Override
  default void participate(Device me) {
    var offer = me.coordinator().receive(down());
    var message = me.lane().run("local training", () -> work(me, offer));
    me.coordinator().send(up(), message);
    if (message instanceof Update update) {
      update.close();
    }
  }
}
