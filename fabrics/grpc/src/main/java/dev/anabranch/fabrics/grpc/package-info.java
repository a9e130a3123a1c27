/** The fabric that runs a federation between real machines, over gRPC on one port. */
@NullMarked
package dev.anabranch.fabrics.grpc;

import org.jspecify.annotations.NullMarked;
