package dev.anabranch.core;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Name and shape of one variable. */
public record TensorSpec(String name, List<Long> shape) {
  private static final Pattern LAYER =
      Pattern.compile("(?:^|\\.)(?:layers?|h|blocks?)\\.(\\d{1,9})(?:\\.|$)");

  public TensorSpec {
    shape = List.copyOf(shape);
  }

  public static TensorSpec of(String name, long... shape) {
    return new TensorSpec(name, Arrays.stream(shape).boxed().toList());
  }

  /**
   * The transformer layer that a variable of this name belongs to, such as 3 for {@code
   * encoder.layer.3.output.dense.bias} or {@code model.layers.3.mlp.up_proj.weight}; −1 for one
   * outside of all layers, such as those of embeddings and classifier.
   */
  public static int layer(String name) {
    var found = LAYER.matcher(name);
    return found.find() ? Integer.parseInt(found.group(1)) : -1;
  }

  /** As in {@code 'classifier.bias' [3]}. */
  @Override
  public String toString() {
    return "'" + name + "' " + shape;
  }

  public long[] dims() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  public long elements() {
    return Tensor.elements(dims());
  }
}
