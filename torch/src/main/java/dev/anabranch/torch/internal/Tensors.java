package dev.anabranch.torch.internal;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Small conversions between Java memory and libtorch tensors, none of which needs an Indexer. */
final class Tensors {
  private Tensors() {}

  /** Keeps a tensor past the scope that is open now; the caller closes it. */
  static Tensor own(Tensor tensor) {
    tensor.retainReference();
    return tensor;
  }

  /** A tensor of 64-bit integers that holds its own copy. */
  static Tensor longs(long[] values, long... shape) {
    try (var pointer = new LongPointer(values);
        var options = new TensorOptions(ScalarType.Long);
        var view = torch.from_blob(pointer, shape, options)) {
      return view.clone();
    }
  }

  /** A view of native memory; the segment must outlive it. */
  static Tensor view(MemorySegment segment, ScalarType type, long... shape) {
    try (var options = new TensorOptions(type)) {
      return torch.from_blob(new SegmentPointer(segment), shape, options);
    }
  }

  /** The memory of a contiguous tensor, without a copy; valid while the tensor is open. */
  static MemorySegment memory(Tensor tensor) {
    if (!tensor.is_contiguous()) {
      throw new IllegalArgumentException("tensor: strided (expected: contiguous)");
    }
    return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }

  /** The values of a float tensor of any layout. */
  static float[] floats(Tensor tensor) {
    try (var detached = tensor.detach();
        var plain = detached.to(ScalarType.Float);
        var dense = plain.contiguous()) {
      return memory(dense).toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT);
    }
  }

  static boolean is(Tensor tensor, ScalarType type) {
    return tensor.scalar_type().intern() == type;
  }

  static final class SegmentPointer extends Pointer {
    SegmentPointer(MemorySegment segment) {
      super((Pointer) null);
      address = segment.address();
      limit = capacity = segment.byteSize();
    }
  }
}
