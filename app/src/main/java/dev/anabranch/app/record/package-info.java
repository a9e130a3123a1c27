/** The folder that a run leaves. */
@NullMarked
package dev.anabranch.app.record;

import org.jspecify.annotations.NullMarked;
