/** Published methods: averaging. */
@NullMarked
package dev.anabranch.methods.averaging;

import org.jspecify.annotations.NullMarked;
