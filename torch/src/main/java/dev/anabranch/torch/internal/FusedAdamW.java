package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW over a list of variables, in one pass over each (libtorch's own {@code _fused_adamw_}).
 *
 * <p>Not thread-safe: it belongs to one visit. The owner closes it; the variables are not its own.
 */
public final class FusedAdamW implements AutoCloseable {
  private static final Boxed STEP = new Boxed("aten::_fused_adamw_");

  private final List<Tensor> variables;
  private final List<Tensor> means = new ArrayList<>();
  private final List<Tensor> squares = new ArrayList<>();
  private final List<Tensor> counts = new ArrayList<>();
  private final dev.anabranch.core.Tensor moments;
  private boolean closed;
  private final double beta1;
  private final double beta2;
  private final double eps;
  private final double decay;

  public FusedAdamW(List<Tensor> variables, double beta1, double beta2, double eps, double decay) {
    this.variables = List.copyOf(variables);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.eps = eps;
    this.decay = decay;
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      moments =
          dev.anabranch.core.Tensor.zeros(2 * variables.stream().mapToLong(Tensor::numel).sum());
      Tensor flat = Tensors.over(moments);
      long at = 0;
      for (Tensor variable : variables) {
        long n = variable.numel();
        means.add(Tensors.own(flat.narrow(0, at, n).view(variable.sizes())));
        squares.add(Tensors.own(flat.narrow(0, at + n, n).view(variable.sizes())));
        at += 2 * n;
        counts.add(Tensors.own(torch.zeros(1).squeeze()));
      }
    }
  }

  /** One step; a variable without a gradient stays as it is. */
  public void step(double rate) {
    try (var scope = new PointerScope()) {
      var gradients = new ArrayList<Tensor>();
      variables.forEach(variable -> gradients.add(variable.grad()));
      step(rate, gradients);
    }
  }

  /**
   * One step with gradients that stand beside the variables.
   *
   * @param given in the order of the variables, contiguous; null or undefined where there is none
   */
  public void step(double rate, List<Tensor> given) {
    step(rate, given, 1);
  }

  /**
   * One step with clipped gradients, without a pass of its own for the clipping.
   *
   * @param factor multiplies every gradient; they are overwritten if it is not 1
   */
  public void step(double rate, List<Tensor> given, double factor) {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      var values = new ArrayList<Tensor>();
      var gradients = new ArrayList<Tensor>();
      var m = new ArrayList<Tensor>();
      var v = new ArrayList<Tensor>();
      var t = new ArrayList<Tensor>();
      for (int i = 0; i < variables.size(); i++) {
        Tensor gradient = given.get(i);
        if (gradient == null || !gradient.defined()) {
          continue;
        }
        counts.get(i).add_(new Scalar(1));
        values.add(variables.get(i));
        gradients.add(gradient);
        m.add(means.get(i));
        v.add(squares.get(i));
        t.add(counts.get(i));
      }
      run(
          List.of(values, gradients, m, v, t),
          new double[] {rate, beta1, beta2, decay, eps},
          factor);
    }
  }

  /** A step of one variable: value, gradient, mean, square, count; rate, betas, decay, eps. */
  static void one(Tensor[] state, double[] numbers, double factor) {
    run(Stream.of(state).map(List::of).toList(), numbers, factor);
  }

  private static void run(List<? extends List<Tensor>> state, double[] numbers, double factor) {
    STEP.call(
        Boxed.list(state.get(0)),
        Boxed.list(state.get(1)),
        Boxed.list(state.get(2)),
        Boxed.list(state.get(3)),
        Boxed.list(List.of()),
        Boxed.list(state.get(4)),
        new IValue(numbers[0]),
        new IValue(numbers[1]),
        new IValue(numbers[2]),
        new IValue(numbers[3]),
        new IValue(numbers[4]),
        new IValue(false),
        new IValue(false),
        factor == 1 ? new IValue() : new IValue(torch.full(new long[0], new Scalar(1 / factor))),
        new IValue());
  }

  /**
   * What {@link #step} has to multiply gradients by so that their norm is at most {@code limit}.
   */
  public static double factor(List<Tensor> gradients, double limit) {
    double sum = 0;
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      for (Tensor gradient : gradients) {
        if (gradient != null && gradient.defined()) {
          double norm = gradient.norm().item_double();
          sum += norm * norm;
        }
      }
    }
    return Math.min(1, limit / (Math.sqrt(sum) + 1e-6));
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    means.forEach(Tensor::close);
    squares.forEach(Tensor::close);
    counts.forEach(Tensor::close);
    moments.close();
  }
}
