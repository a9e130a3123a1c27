package dev.anabranch.torch.internal;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A model on disk, whatever its format: named tensors, and a configuration under the keys of
 * Hugging Face's {@code config.json}. A reader of another format gives its tensors the names and
 * shapes that Hugging Face's checkpoint of the same architecture has. Reading is thread-safe.
 */
public interface Stored extends AutoCloseable {
  /** What messages call it, such as the name of its file. */
  String where();

  /** {@code model_type}, {@code num_hidden_layers} and so on; numbers are doubles. */
  Map<String, Object> config();

  /** Shape by name. */
  Map<String, long[]> shapes();

  /**
   * A tensor of any floating type, valid in the scope that is open now and while this is open; it
   * may be a view of the file, so it is not to be written to.
   */
  Tensor view(String name);

  /** Lets go of pages that were read; they can be read again. */
  default void release() {}

  @Override
  void close();
}
