package dev.anabranch.torch.internal;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Adds gradients to fp32 tensors by name. A name without a tensor gets one of its own, so that the
 * first pass of a step needs neither zeros nor a sum; the owner of the map closes it.
 */
record Gradients(Map<String, Tensor> byName) {
  void add(String name, Tensor gradient) {
    Tensor sum = byName.get(name);
    if (sum != null) {
      sum.add_(gradient);
      return;
    }
    Tensor own = gradient.to(ScalarType.Float).contiguous();
    boolean shares = own.data_ptr().address() == gradient.data_ptr().address() && partial(gradient);
    byName.put(name, Tensors.own(shares ? own.clone() : new Tensor(own)));
  }

  /** Whether the tensor is a piece of a larger block, which it would keep alive. */
  private static boolean partial(Tensor tensor) {
    return tensor.storage().nbytes() > tensor.nbytes();
  }
}
