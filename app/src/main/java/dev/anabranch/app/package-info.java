/** The {@code anabranch} command. */
@NullMarked
package dev.anabranch.app;

import org.jspecify.annotations.NullMarked;
