package dev.anabranch.core;

/**
 * How variables are stepped.
 *
 * @param kind SGD with momentum, or AdamW
 * @param learningRate at full strength
 * @param momentum of SGD, 0 to below 1
 * @param beta1 of AdamW
 * @param beta2 of AdamW
 * @param weightDecay decoupled for AdamW; added to the gradient for SGD
 * @param clip largest Euclidean norm of the gradient; 0: none
 * @param warmupSteps steps of linear growth to the learning rate; 0: none
 */
public record OptimizerSpec(
    Kind kind,
    double learningRate,
    double momentum,
    double beta1,
    double beta2,
    double weightDecay,
    double clip,
    int warmupSteps) {
  /** The update rule. */
  public enum Kind {
    SGD,
    ADAMW
  }

  /** The same with the learning rate times a factor. */
  public OptimizerSpec scaled(double factor) {
    return factor == 1
        ? this
        : new OptimizerSpec(
            kind, learningRate * factor, momentum, beta1, beta2, weightDecay, clip, warmupSteps);
  }

  public static OptimizerSpec adamw(double learningRate) {
    return new OptimizerSpec(Kind.ADAMW, learningRate, 0, 0.9, 0.999, 0.01, 1.0, 0);
  }

  public static OptimizerSpec sgd(double learningRate, double momentum) {
    return new OptimizerSpec(Kind.SGD, learningRate, momentum, 0, 0, 0, 0, 0);
  }
}
