/** Tests of methods on the toy engine. */
@NullMarked
package dev.anabranch.methods.droppeft;

import org.jspecify.annotations.NullMarked;
