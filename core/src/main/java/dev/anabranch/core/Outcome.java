package dev.anabranch.core;

import java.util.SortedMap;

/**
 * What a run left.
 *
 * @param trained all trained variables under their names in the model
 * @param last scores after the last round
 * @param virtualSeconds time by the virtual clock
 * @param wallSeconds of all processes that had a part, each up to where the next went on
 * @param lost visits that gave no sound reply
 * @param more what instruments measured after the last round, by name
 */
public record Outcome(
    TensorMap trained,
    Metrics last,
    Totals totals,
    double virtualSeconds,
    double wallSeconds,
    int lost,
    int rounds,
    SortedMap<String, Double> more) {}
