package dev.anabranch.core;

/** Plain gradient steps, one a batch. Called on a lane. */
public record GradientSolver(Optimizer optimizer) implements LocalSolver<DifferentiableObjective> {
  @Override
  public LocalReport solve(DifferentiableObjective objective, Iterable<Batch> batches) {
    int steps = 0;
    long examples = 0;
    double loss = 0;
    for (var batch : batches) {
      optimizer.zero();
      loss += objective.lossAndGradient(batch);
      optimizer.step();
      steps++;
      examples += batch.size();
    }
    return new LocalReport(steps, examples, steps == 0 ? 0 : loss / steps);
  }
}
