package dev.anabranch.torch.internal;

import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Operators that JavaCPP does not wrap, called by name through libtorch's dispatcher.
 *
 * <p>Thread-safe: an operator handle is a lookup result that stays valid for the process.
 */
final class Boxed {
  private final OperatorHandle handle;

  /**
   * For example {@code aten::_fused_adamw_}; the process fails at start if this libtorch has none.
   */
  Boxed(String name) {
    this(name, "");
  }

  /** For example {@code mkldnn::_linear_pointwise} and {@code binary}. */
  Boxed(String name, String overload) {
    LibTorch.boot();
    handle = new OperatorHandle(Dispatcher.singleton().findSchemaOrThrow(name, overload));
    handle.retainReference();
  }

  /** Whether this libtorch has an operator of this name and overload. */
  static boolean exists(String name, String overload) {
    LibTorch.boot();
    try (var found = Dispatcher.singleton().findSchema(new OperatorName(name, overload))) {
      return found.has_value();
    }
  }

  /** Calls the operator; answers its results, valid in the scope that is open now. */
  Tensor[] call(IValue... arguments) {
    var stack = new IValueVector(arguments);
    handle.callBoxed(stack);
    var results = new Tensor[(int) stack.size()];
    for (int i = 0; i < results.length; i++) {
      results[i] = new Tensor(stack.get(i).toTensor()); // the stack only lends its tensors
    }
    return results;
  }

  /**
   * A list of tensors as an argument. JavaCPP cannot make one (its {@code GenericList} crashes), so
   * libtorch makes an empty one and this fills it.
   */
  static IValue list(Iterable<Tensor> tensors) {
    var stack = new IValueVector(new IValue(torch.zeros(0)), new IValue(0L));
    Unbind.OPERATOR.handle.callBoxed(stack);
    IValue list = new IValue(stack.get(0));
    var into = list.toTensorList();
    tensors.forEach(into::push_back);
    return list;
  }

  private static final class Unbind {
    static final Boxed OPERATOR = new Boxed("aten::unbind", "int");
  }
}
