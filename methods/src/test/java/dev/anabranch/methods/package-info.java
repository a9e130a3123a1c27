/** Tests of methods on the toy engine. */
@NullMarked
package dev.anabranch.methods;

import org.jspecify.annotations.NullMarked;
