package dev.anabranch.core;

import java.util.Collection;
import java.util.function.Function;

/** What the coordinator's program may do. */
public interface Coordinator<S> extends Node {
  /** Who is enrolled. */
  Roster roster();

  /** 0, or the round at which a resumed run goes on. */
  int firstRound();

  /**
   * Starts one visit per device. Visits run in device order, as many at a time as memory allows.
   */
  Visits invite(int round, Collection<NodeId> devices);

  /**
   * The same. Memory is measured once for each kind of device and of work, and every visit of that
   * kind is charged as much.
   *
   * @param work what a device will do, in a word, where visits of one round differ in it
   */
  Visits invite(int round, Collection<NodeId> devices, Function<NodeId, String> work);

  /** What a device says of itself when it enrols. */
  DeviceProfile profile(NodeId device);

  /**
   * Ends a round: evaluates if the plan says that it is due, and makes the state durable before it
   * returns.
   *
   * @param nextRound the round at which a resumed run would go on
   */
  void checkpoint(int nextRound, S state);

  /** A number for the run log; costs come from the ledger. */
  void report(int round, String metric, double value);

  /** Scores that the method itself knows, where {@link Method#trained} has nothing to score. */
  void score(int round, Metrics metrics);

  /**
   * The coordinator's own model, for methods that train there: the segments that it holds or, where
   * it holds none, those of a device.
   */
  Model model();

  /**
   * A large model of which only scores are seen; each call is charged as a query with its tokens.
   *
   * @throws AnabranchException PLAN if there is none
   */
  BlackBox large();

  /**
   * Examples that belong to no device.
   *
   * @throws AnabranchException PLAN if there are none
   */
  Shard publicText();

  /** The data of all devices in one place; only with {@link Ability#POOLED_DATA}. */
  Shard pooled();
}
