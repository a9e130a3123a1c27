/**
 * The vocabulary of a run: programs and links, values and codecs, what a method may ask of a model,
 * and what a run costs. Depends on the JDK alone.
 */
@NullMarked
package dev.anabranch.core;

import org.jspecify.annotations.NullMarked;
