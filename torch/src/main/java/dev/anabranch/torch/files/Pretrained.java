package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A pre-trained model on disk: named tensors, and its configuration, both as Hugging Face names
 * them, whatever the file calls them.
 *
 * <p>Files are mapped: a tensor is read when it is asked for, straight into the memory that it is
 * to have, and the whole is never on the heap. Any number of threads may read; closing unmaps.
 */
public interface Pretrained extends AutoCloseable {
  /** The file or folder, for messages. */
  String name();

  /**
   * The keys of {@code config.json}: texts, doubles, booleans, lists and maps. Empty if the model
   * comes without.
   */
  Map<String, Object> config();

  /** The tensors by name, in the order of the file. */
  Map<String, Stored> tensors();

  /**
   * Reads one tensor as 32-bit floats, row-major and little-endian.
   *
   * @param into {@code 4 · elements} bytes
   * @throws AnabranchException MODEL if there is no such tensor
   */
  void fp32(String tensor, MemorySegment into);

  /**
   * Reads one tensor as bfloat16, rounded to nearest even.
   *
   * @param into {@code 2 · elements} bytes
   * @throws AnabranchException MODEL if there is no such tensor
   */
  void bf16(String tensor, MemorySegment into);

  /** Lets go of the pages that were read; they are read again when they are needed. */
  void release();

  @Override
  void close();

  /**
   * Opens a model: a Hugging Face folder, a {@code .gguf} file, a {@code .bin} file of llama2.c, or
   * a single {@code .safetensors} file beside its {@code config.json}. Everything but the values is
   * checked here.
   *
   * @throws AnabranchException CORRUPT if a file is damaged, MODEL if it is missing or not
   *     supported, STORAGE if it cannot be read
   */
  static Pretrained open(Path path) {
    var name = String.valueOf(path.getFileName());
    if (Files.isDirectory(path)) {
      return HuggingFace.folder(path);
    }
    if (!Files.isRegularFile(path)) {
      throw AnabranchException.expected(
          Failure.MODEL,
          "model file",
          path + ": missing",
          "a Hugging Face folder, a .safetensors, a .gguf or a llama2.c .bin file");
    }
    if (name.endsWith(".safetensors")) {
      return HuggingFace.file(path);
    }
    if (name.endsWith(".gguf")) {
      return GgufModel.open(path);
    }
    if (name.endsWith(".bin")) {
      return Llama2c.open(path);
    }
    throw AnabranchException.expected(
        Failure.MODEL,
        "model file",
        path,
        "a Hugging Face folder, a .safetensors, a .gguf or a llama2.c .bin file");
  }
}
