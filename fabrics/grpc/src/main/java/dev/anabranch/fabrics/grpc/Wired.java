package dev.anabranch.fabrics.grpc;

import dev.anabranch.core.Job;
import dev.anabranch.core.Method;

/**
 * A run as an agent has it.
 *
 * @param job its records and its coordinator's surroundings are not used
 * @param close frees it, once the run is over
 */
public record Wired(Method<?> method, Job job, Runnable close) {}
