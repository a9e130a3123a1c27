/** What a plan will cost, found by running it without values. */
@NullMarked
package dev.anabranch.app.estimate;

import org.jspecify.annotations.NullMarked;
