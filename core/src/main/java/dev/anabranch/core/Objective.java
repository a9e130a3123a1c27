package dev.anabranch.core;

/** All that a black-box method may ask of a model. Called on a lane. */
public interface Objective {
  /** Mean loss over the batch, in nats. */
  double loss(Batch batch);
}
