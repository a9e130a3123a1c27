package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.torch.files.Encoding;
import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.files.SafeTensors;
import dev.anabranch.torch.files.Stored;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tensors of model files as tensors of libtorch. Stateless; safe from any thread. */
final class Views {
  private Views() {}

  /**
   * A read-only view of a tensor of a safetensors file, without a copy; valid while the file is
   * open. Writing to it crashes the process, so clone it first.
   */
  static Tensor of(SafeTensors file, String name) {
    LibTorch.boot();
    var stored = stored(file.tensors(), name);
    return Tensors.view(file.bytes(name), type(stored.encoding()), stored.shape());
  }

  /** Views of all tensors, valid in the scope that is open now and while the file is open. */
  static Map<String, Tensor> all(SafeTensors file) {
    var views = new LinkedHashMap<String, Tensor>();
    file.tensors().keySet().forEach(name -> views.put(name, of(file, name)));
    return views;
  }

  /** A copy of a tensor in fp32 or bf16, in the scope that is open now. */
  static Tensor copy(Pretrained model, String name, ScalarType type) {
    LibTorch.boot();
    Tensor out;
    try (var options = new TensorOptions(type)) {
      out = torch.zeros(stored(model.tensors(), name).shape(), options);
    }
    var memory = Tensors.memory(out);
    if (type == ScalarType.BFloat16) {
      model.bf16(name, memory);
    } else {
      model.fp32(name, memory);
    }
    return out;
  }

  private static Stored stored(Map<String, Stored> tensors, String name) {
    var stored = tensors.get(name);
    if (stored == null) {
      throw AnabranchException.expected(
          Failure.MODEL, "tensor '" + name + "'", "missing", "one of the model's tensors");
    }
    return stored;
  }

  private static ScalarType type(Encoding encoding) {
    return switch (encoding) {
      case F64 -> ScalarType.Double;
      case F32 -> ScalarType.Float;
      case F16 -> ScalarType.Half;
      case BF16 -> ScalarType.BFloat16;
      case I64 -> ScalarType.Long;
      case I32 -> ScalarType.Int;
      case I16 -> ScalarType.Short;
      case I8 -> ScalarType.Char;
      case U8 -> ScalarType.Byte;
      case BOOL -> ScalarType.Bool;
      default -> throw new IllegalArgumentException(encoding + " (expected: plain numbers)");
    };
  }
}
