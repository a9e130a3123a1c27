/** Published methods: communication while computing. */
@NullMarked
package dev.anabranch.methods.overlap;

import org.jspecify.annotations.NullMarked;
