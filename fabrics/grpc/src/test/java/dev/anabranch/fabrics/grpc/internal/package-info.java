@NullMarked
package dev.anabranch.fabrics.grpc.internal;

import org.jspecify.annotations.NullMarked;
