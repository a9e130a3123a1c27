package dev.anabranch.core;

/**
 * What a device's visit took.
 *
 * @param seconds from the invitation to the last byte sent, by the clock of the fabric
 * @param computeSeconds of these at work
 * @param transferSeconds of these sending or receiving
 * @param peakBytes most native memory, frozen weights among it; 0 if the engine cannot tell
 */
public record VisitCost(
    double seconds, double computeSeconds, double transferSeconds, long peakBytes) {}
