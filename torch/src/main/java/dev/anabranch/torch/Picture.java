package dev.anabranch.torch;

/**
 * What a model of images reads.
 *
 * @param channels of an image
 * @param size of an image, both sides
 */
public record Picture(int channels, int size) {}
