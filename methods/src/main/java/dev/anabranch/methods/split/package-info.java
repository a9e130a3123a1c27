/** Published methods: split. */
@NullMarked
package dev.anabranch.methods.split;

import org.jspecify.annotations.NullMarked;
