package dev.anabranch.torch.files;

import dev.anabranch.core.TensorSpec;

/**
 * One tensor of a file.
 *
 * @param spec its name and shape, matrices as [out, in]
 * @param encoding how its values are stored
 */
public record Stored(TensorSpec spec, Encoding encoding) {
  public long[] shape() {
    return spec.dims();
  }

  public long elements() {
    return spec.elements();
  }

  /** Bytes of its values in the file. */
  public long bytes() {
    return encoding.bytes(spec.elements());
  }
}
