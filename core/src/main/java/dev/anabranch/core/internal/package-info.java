/** Helpers of {@code dev.anabranch.core} that are not for other modules. */
@NullMarked
package dev.anabranch.core.internal;

import org.jspecify.annotations.NullMarked;
