package dev.anabranch.core;

/** One entry of the ledger. */
public sealed interface Charge {
  int round();

  /**
   * A message that crossed a link.
   *
   * @param topic its kind
   * @param payloadBytes bytes that stand for values
   * @param framingBytes names, shapes, counts, headers
   */
  record Wire(NodeId from, NodeId to, String topic, int round, long payloadBytes, long framingBytes)
      implements Charge {}

  /**
   * Frozen weights that were put on a device before its first visit.
   *
   * @param bytes as the device holds them
   */
  record Install(NodeId node, int round, long bytes) implements Charge {}

  /**
   * Work on a lane.
   *
   * @param macs multiply-accumulates really executed: a forward is one F, a full backward two, an
   *     activation-only backward one
   */
  record Compute(NodeId node, int round, String work, long nanos, long macs) implements Charge {}

  /**
   * Texts that a {@link BlackBox} was asked to score.
   *
   * @param node that asked
   * @param model that was asked
   * @param queries texts
   * @param tokens of these texts, padding not counted
   */
  record Query(NodeId node, int round, String model, long queries, long tokens) implements Charge {}

  /**
   * The most native memory of a visit.
   *
   * @param nativeBytes frozen weights of the party, plus what the visit added at its peak
   */
  record Peak(NodeId node, int round, long nativeBytes) implements Charge {}
}
