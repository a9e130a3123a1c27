/** The transport (frames, pipes, hub and dial) and the conduct of runs above it. */
@NullMarked
package dev.anabranch.fabrics.grpc.internal;

import org.jspecify.annotations.NullMarked;
