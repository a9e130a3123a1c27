package dev.anabranch.torch.internal;

import java.lang.foreign.MemorySegment;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
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

  /** Another handle of the same values without their history; the caller closes it. */
  static Tensor owned(Tensor tensor) {
    try (var scope = new PointerScope()) {
      return own(tensor.detach());
    }
  }

  /** A tensor of 64-bit integers that holds its own copy. */
  static Tensor longs(long[] values, long... shape) {
    try (var pointer = new LongPointer(values);
        var options = new TensorOptions(ScalarType.Long);
        var view = torch.from_blob(pointer, shape, options)) {
      return view.clone();
    }
  }

  /** n 64-bit integers in a row, from the first. */
  static Tensor range(long first, long n) {
    return longs(LongStream.range(first, first + n).toArray(), n);
  }

  /** A tensor of 32-bit integers that holds its own copy. */
  static Tensor ints(int[] values, long... shape) {
    try (var pointer = new IntPointer(values);
        var options = new TensorOptions(ScalarType.Int);
        var view = torch.from_blob(pointer, shape, options)) {
      return view.clone();
    }
  }

  /** A tensor of floats that holds its own copy. */
  static Tensor floats(float[] values, long... shape) {
    try (var pointer = new FloatPointer(values);
        var options = new TensorOptions(ScalarType.Float);
        var view = torch.from_blob(pointer, shape, options)) {
      return view.clone();
    }
  }

  /** A copy of a value as a tensor. */
  static Tensor of(dev.anabranch.core.Tensor value) {
    Tensor out = torch.zeros(value.shape());
    MemorySegment.copy(value.data(), 0, memory(out), 0, value.data().byteSize());
    return out;
  }

  /** A copy of a tensor as a value. */
  static dev.anabranch.core.Tensor value(Tensor tensor) {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      Tensor dense = tensor.detach().to(ScalarType.Float).contiguous();
      long[] shape = new long[(int) dense.dim()];
      for (int i = 0; i < shape.length; i++) {
        shape[i] = dense.size(i);
      }
      var out = dev.anabranch.core.Tensor.room(shape);
      MemorySegment.copy(memory(dense), 0, out.data(), 0, out.data().byteSize());
      return out;
    }
  }

  /** A flat view of a value, in the scope that is open now; the value must outlive it. */
  static Tensor over(dev.anabranch.core.Tensor value) {
    return value.elements() == 0
        ? torch.empty(0)
        : view(value.data(), ScalarType.Float, value.elements());
  }

  /** A view of native memory; the segment must outlive it. */
  static Tensor view(MemorySegment segment, ScalarType type, long... shape) {
    try (var options = new TensorOptions(type)) {
      return torch.from_blob(new SegmentPointer(segment), shape, options);
    }
  }

  /** A one-dimensional float tensor on memory that must outlive it; copied if it is on the heap. */
  static Tensor borrow(MemorySegment segment, long elements) {
    if (segment.isNative()) {
      return view(segment, ScalarType.Float, elements);
    }
    Tensor out = torch.zeros(elements);
    MemorySegment.copy(segment, 0, memory(out), 0, segment.byteSize());
    return out;
  }

  /** The memory of a contiguous tensor, without a copy; valid while the tensor is open. */
  static MemorySegment memory(Tensor tensor) {
    if (!tensor.is_contiguous()) {
      throw new IllegalArgumentException("tensor: strided (expected: contiguous)");
    }
    if (tensor.numel() == 0) {
      return MemorySegment.NULL; // an empty tensor has no address
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
