package dev.anabranch.core;

import java.util.Arrays;
import java.util.List;

/** Name and shape of one variable. */
public record TensorSpec(String name, List<Long> shape) {
  public TensorSpec {
    shape = List.copyOf(shape);
  }

  public static TensorSpec of(String name, long... shape) {
    return new TensorSpec(name, Arrays.stream(shape).boxed().toList());
  }

  public long[] dims() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  public long elements() {
    return Tensor.elements(dims());
  }
}
