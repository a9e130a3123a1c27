package dev.anabranch.torch.internal;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * oneDNN's linear maps without a gradient, on weights as they are or packed.
 *
 * <p>A packed weight lies in the blocks that oneDNN's kernels read, so that no call orders it anew:
 * on one core 7 % of an fp32 product of 1,024 rows, half the time of a bf16 product of one row. It
 * knows its shape and type but has no memory to look at, and no gradient. Stateless; thread-safe.
 */
final class OneDnn {
  /** Whether this libtorch has the operators. */
  static final boolean HERE =
      Boxed.exists("mkldnn::_linear_pointwise", "")
          && Boxed.exists("mkldnn::_linear_pointwise", "binary")
          && Boxed.exists("mkldnn::_reorder_linear_weight", "");

  private OneDnn() {}

  /** Whether weights of a type gain by packing on this machine. */
  static boolean packs(ScalarType type) {
    return HERE && (type == ScalarType.Float || type == ScalarType.BFloat16 && LibTorch.bf16());
  }

  /**
   * The packed form of a weight, in the scope that is open now.
   *
   * @param w [n, k], dense
   */
  static Tensor pack(Tensor w) {
    return Operators.REORDER.call(new IValue(w), Operators.NOTHING)[0];
  }

  /**
   * x wᵀ + bias.
   *
   * @param x [..., k]
   * @param w [n, k], packed or of any strides, in the type of x
   * @param bias [n] or null
   * @return [..., n]
   */
  static Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
    return Operators.LINEAR
        .call(
            new IValue(x),
            new IValue(w),
            bias == null ? Operators.NOTHING : new IValue(bias),
            Operators.PLAIN,
            Operators.NO_SCALARS,
            Operators.NOTHING)[0];
  }

  /** x wᵀ + bias + other, in one pass. */
  static Tensor linearPlus(Tensor x, Tensor w, @Nullable Tensor bias, Tensor other) {
    return Operators.BINARY
        .call(
            new IValue(x),
            new IValue(other),
            new IValue(w),
            bias == null ? Operators.NOTHING : new IValue(bias),
            new IValue("add"))[0];
  }

  private static final class Operators {
    static final Boxed REORDER = new Boxed("mkldnn::_reorder_linear_weight");
    static final Boxed LINEAR = new Boxed("mkldnn::_linear_pointwise");
    static final Boxed BINARY = new Boxed("mkldnn::_linear_pointwise", "binary");
    static final IValue NOTHING = kept(new IValue());
    static final IValue PLAIN = kept(new IValue("none"));
    static final IValue NO_SCALARS = noScalars();

    private static IValue kept(IValue value) {
      value.retainReference();
      return value;
    }

    /** An empty list of the type the operator wants, which only a script can make (80 ms, once). */
    private static IValue noScalars() {
      try (var outside = new PointerScope()) {
        var unit = torch.compile("def f():\n  l: List[Optional[number]] = []\n  return l\n");
        var stack = new IValueVector();
        unit.get_functions().get(0).run(stack);
        return kept(new IValue(stack.get(0)));
      }
    }
  }
}
