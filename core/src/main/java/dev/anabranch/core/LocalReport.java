package dev.anabranch.core;

/**
 * What local training did.
 *
 * @param loss mean over steps, 0 if there were none
 */
public record LocalReport(int steps, long examples, double loss) {}
