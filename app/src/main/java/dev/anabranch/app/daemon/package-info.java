/** What the long-lived processes do: coordinator, body and device. */
@NullMarked
package dev.anabranch.app.daemon;

import org.jspecify.annotations.NullMarked;
