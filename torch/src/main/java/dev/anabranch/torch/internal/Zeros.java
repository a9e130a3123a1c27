package dev.anabranch.torch.internal;

import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Views of one block of zeros, which is as large as the largest view. Thread-safe. */
public final class Zeros {
  private MemorySegment block = MemorySegment.NULL;

  private synchronized MemorySegment of(long elements) {
    long bytes = Math.multiplyExact(elements, Float.BYTES);
    if (block.byteSize() < bytes) {
      block = Arena.ofAuto().allocate(bytes).asReadOnly();
    }
    return block.asSlice(0, bytes);
  }

  /** Zeros of a shape. */
  public Tensor tensor(long... shape) {
    return Tensor.view(of(Tensor.elements(shape)), null, shape);
  }

  TensorMap map(List<TensorSpec> specs) {
    return TensorMap.view(specs, of(specs.stream().mapToLong(TensorSpec::elements).sum()), null);
  }
}
