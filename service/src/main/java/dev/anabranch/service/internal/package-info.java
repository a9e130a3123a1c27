/** How the service does it. */
@NullMarked
package dev.anabranch.service.internal;

import org.jspecify.annotations.NullMarked;
