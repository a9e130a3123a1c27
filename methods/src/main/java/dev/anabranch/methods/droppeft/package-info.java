/** Layer dropout, chosen by a bandit, with layers shared or personal. */
@NullMarked
package dev.anabranch.methods.droppeft;

import org.jspecify.annotations.NullMarked;
