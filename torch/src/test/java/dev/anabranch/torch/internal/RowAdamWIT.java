package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Steps over looked-up rows against dense steps over the whole matrix. */
class RowAdamWIT {
  private static final int ROWS = 3000;
  private static final int WIDTH = 8;
  private static final double RATE = 0.01;
  private static final double DECAY = 0.1;

  @Test
  void equalsADenseStepAlsoForRowsThatComeLate() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
    try (var scope = new PointerScope()) {
      LibTorch.boot();
      Tensor start = normal(3, ROWS, WIDTH);
      Tensor target = normal(4, ROWS, WIDTH);
      Tensor dense = start.clone().requires_grad_();
      Tensor sparse = start.clone();
      try (var whole = new FusedAdamW(List.of(dense), 0.9, 0.999, 1e-8, DECAY);
          var adamw = new RowAdamW(sparse, 0.9, 0.999, 1e-8, DECAY);
          var sum = new RowGradient(WIDTH)) {
        for (int step = 0; step < 12; step++) {
          int reach = 200 * (step + 1); // more rows than the first buffer holds
          int[] rows = random.ints(300, 0, reach).toArray();
          Tensor ids = Tensors.ints(rows, 10, 30);
          loss(dense, ids, target.index_select(0, ids.view(-1))).backward();
          double factor = step % 2 == 0 ? 1 : FusedAdamW.factor(List.of(dense.grad()), 0.5);
          whole.step(RATE, List.of(dense.grad()), factor);
          dense.mutable_grad().reset();

          sum.clear();
          for (int half = 0; half < 2; half++) { // as two passes before one step
            int[] part = Arrays.copyOfRange(rows, 150 * half, 150 * half + 150);
            adamw.touch(part);
            Tensor places = Tensors.ints(part, part.length);
            Tensor looked = torch.embedding(sparse, places).requires_grad_();
            looked.sub(target.index_select(0, places)).pow(new Scalar(2)).sum().backward();
            sum.add(part, looked.grad());
          }
          adamw.step(RATE, sum.rows(), sum.values(), factor);
          if (step == 7) {
            adamw.settle();
          }
        }
        adamw.settle();
        assertThat(adamw.touched()).isGreaterThan(1024).isLessThan(ROWS);
        // A dense step rounds a decay 12 times where the collected factor is rounded once.
        Tensor size = dense.detach().abs().clamp_min(new Scalar(1));
        double most = sparse.sub(dense.detach()).abs().div(size).max().item_double();
        assertThat(most).isLessThan(1e-6);
        assertThat(sparse.sub(start).abs().min().item_double()).isPositive();
      }
    }
  }

  private static Tensor normal(long seed, long... shape) {
    return torch
        .zeros(shape)
        .normal_(0, 1, new org.bytedeco.pytorch.GeneratorOptional(torch.make_generator_cpu(seed)));
  }

  private static Tensor loss(Tensor matrix, Tensor ids, Tensor target) {
    return torch.embedding(matrix, ids).view(-1, WIDTH).sub(target).pow(new Scalar(2)).sum();
  }

  @Test
  void theFactorIsThatOfClipping() {
    try (var scope = new PointerScope()) {
      LibTorch.boot();
      Tensor one = normal(5, 7, 3).requires_grad_();
      Tensor two = normal(6, 4).requires_grad_();
      one.mutable_grad().put(normal(7, 7, 3));
      two.mutable_grad().put(normal(8, 4));
      double factor = FusedAdamW.factor(List.of(one.grad(), two.grad()), 1.5);
      Tensor before = one.grad().clone();
      torch.clip_grad_norm_(new TensorVector(one, two), 1.5);
      assertThat(before.mul(new Scalar(factor)).sub(one.grad()).abs().max().item_double())
          .isLessThan(1e-6);
      assertThat(FusedAdamW.factor(List.of(two.grad()), 1e9)).isEqualTo(1);
    }
  }

  @Test
  void refusesARowThatIsNotThere() {
    try (var scope = new PointerScope()) {
      LibTorch.boot();
      try (var rows = new RowAdamW(torch.zeros(5, 2), 0.9, 0.999, 1e-8, 0)) {
        assertThatThrownBy(() -> rows.touch(new int[] {5})).hasMessage("row: 5 (expected: 0 to 4)");
      }
    }
  }
}
