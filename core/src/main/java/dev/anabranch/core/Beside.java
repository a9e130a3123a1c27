package dev.anabranch.core;

import org.jspecify.annotations.Nullable;

/**
 * What stands beside the coordinator and belongs to no device.
 *
 * @param large a model of which only scores are seen; null if there is none
 * @param publicText examples that belong to nobody; null if there are none
 */
public record Beside(@Nullable BlackBox large, @Nullable Shard publicText) {
  /** Nothing at all. */
  public static final Beside NOTHING = new Beside(null, null);
}
