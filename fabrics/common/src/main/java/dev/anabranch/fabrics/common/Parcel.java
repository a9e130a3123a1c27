package dev.anabranch.fabrics.common;

import dev.anabranch.core.Wire;

/**
 * A message as it crosses.
 *
 * @param topic its kind, at most 255 bytes of UTF-8
 * @param codec what wrote its bytes, at most 255 bytes of UTF-8
 * @param wire its bytes; closing it frees them
 */
public record Parcel(String topic, String codec, Wire wire) {}
