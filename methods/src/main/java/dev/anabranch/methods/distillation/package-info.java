/** Published methods: distillation. */
@NullMarked
package dev.anabranch.methods.distillation;

import org.jspecify.annotations.NullMarked;
