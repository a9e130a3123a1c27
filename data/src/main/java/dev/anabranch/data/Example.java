package dev.anabranch.data;

import org.jspecify.annotations.Nullable;

/**
 * One labelled text.
 *
 * @param text the text, or the first one of a pair
 * @param pair the second text, if the task is about pairs
 * @param label position in {@link Corpus#classes()}
 * @param device who owns the example, if the source knows
 */
public record Example(String text, @Nullable String pair, int label, @Nullable String device) {}
