package dev.anabranch.core;

import java.util.Map;
import java.util.SortedMap;

/**
 * Sums over charges.
 *
 * @param setup bytes installed before first visits
 * @param down payload bytes to devices
 * @param up payload bytes from devices
 * @param backbone payload bytes between coordinator and body
 * @param framing all other bytes on links of devices
 * @param byTopic payload bytes on links of devices, by topic
 * @param macs by node
 * @param peaks most native bytes by node
 * @param queries texts that a black box was asked to score
 * @param queryTokens tokens of these texts
 */
public record Totals(
    long setup,
    long down,
    long up,
    long backbone,
    long framing,
    SortedMap<String, Long> byTopic,
    SortedMap<NodeId, Long> macs,
    SortedMap<NodeId, Long> peaks,
    long queries,
    long queryTokens) {
  /** Without a black box. */
  public Totals(
      long setup,
      long down,
      long up,
      long backbone,
      long framing,
      SortedMap<String, Long> byTopic,
      SortedMap<NodeId, Long> macs,
      SortedMap<NodeId, Long> peaks) {
    this(setup, down, up, backbone, framing, byTopic, macs, peaks, 0, 0);
  }

  public long total() {
    return down + up;
  }

  /** Of the busiest single node of a role for devices; over all nodes of it otherwise. */
  public long macs(NodeId.Role role) {
    var of =
        macs.entrySet().stream()
            .filter(e -> e.getKey().role() == role)
            .mapToLong(Map.Entry::getValue);
    return role == NodeId.Role.DEVICE ? of.max().orElse(0) : of.sum();
  }

  public long peak(NodeId.Role role) {
    return peaks.entrySet().stream()
        .filter(e -> e.getKey().role() == role)
        .mapToLong(Map.Entry::getValue)
        .max()
        .orElse(0);
  }
}
