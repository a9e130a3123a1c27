package dev.anabranch.core;

import java.util.Map;

/**
 * All that a run needs to go on.
 *
 * @param nextRound where it goes on
 * @param state the method's state, as written by {@link Method#state()}
 * @param memories of devices, by node and key
 * @param notes totals and virtual clocks so far, as text
 */
public record Checkpoint(
    int nextRound,
    Wire state,
    Map<NodeId, Map<String, TensorMap>> memories,
    Map<String, String> notes) {}
