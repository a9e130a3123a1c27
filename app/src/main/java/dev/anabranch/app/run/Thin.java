package dev.anabranch.app.run;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Tensor;
import java.util.function.UnaryOperator;

/**
 * An engine whose trained values have no elements, for long estimates.
 *
 * @param codec turns a value codec into one that charges for the missing elements
 */
public record Thin(Engine engine, UnaryOperator<Codec<Tensor>> codec) {}
