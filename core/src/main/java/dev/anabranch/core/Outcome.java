package dev.anabranch.core;

/**
 * What a run left.
 *
 * @param trained all trained variables under their names in the model
 * @param last scores after the last round
 * @param virtualSeconds time by the virtual clock
 * @param lost visits that gave no sound reply
 */
public record Outcome(
    TensorMap trained, Metrics last, Totals totals, double virtualSeconds, int lost, int rounds) {}
