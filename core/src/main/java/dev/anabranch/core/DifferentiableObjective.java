package dev.anabranch.core;

/** What a gradient method may ask as well. Called on a lane. */
public interface DifferentiableObjective extends Objective {
  /** Mean loss over the batch; its gradient is added to that of the trained variables. */
  double lossAndGradient(Batch batch);
}
