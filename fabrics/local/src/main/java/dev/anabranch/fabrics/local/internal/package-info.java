/** The workings of the local fabric. */
@NullMarked
package dev.anabranch.fabrics.local.internal;

import org.jspecify.annotations.NullMarked;
