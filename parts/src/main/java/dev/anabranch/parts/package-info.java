/** The reusable parts of a training method: codecs, aggregators, cohort policies and their kin. */
@NullMarked
package dev.anabranch.parts;

import org.jspecify.annotations.NullMarked;
