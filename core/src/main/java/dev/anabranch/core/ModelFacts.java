package dev.anabranch.core;

/**
 * What a method may know about the model that it trains.
 *
 * @param name as in a plan
 * @param layers transformer layers; a cut lies before layer 0 to after the last
 * @param width d
 * @param classes of the task; of a language model its vocabulary
 * @param maxTokens longest input, prompts not counted
 * @param pooling how the classifier reads the sequence
 * @param sha256 of the model file
 */
public record ModelFacts(
    String name,
    int layers,
    int width,
    int classes,
    int maxTokens,
    Pooling pooling,
    String sha256) {}
