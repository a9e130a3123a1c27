package dev.anabranch.core;

/** A device's message. */
public record Reply<T>(NodeId from, T message) {}
