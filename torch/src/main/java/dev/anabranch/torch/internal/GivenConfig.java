package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.files.Stored;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model whose configuration stands in the plan: its tensors are those of a file, or there are
 * none and all of its variables are drawn.
 */
public final class GivenConfig implements Pretrained {
  private final String name;
  private final Map<String, Object> config;
  private final @Nullable Pretrained file;

  private GivenConfig(String name, Map<String, Object> config, @Nullable Pretrained file) {
    this.name = name;
    this.config = Map.copyOf(config);
    this.file = file;
  }

  /**
   * Opens a model.
   *
   * @param file of its weights; an empty path: there are none
   * @param config under the keys of {@code config.json}
   * @throws AnabranchException as {@link Pretrained#open}
   */
  public static GivenConfig open(String name, Path file, Map<String, Object> config) {
    if (file.toString().isEmpty()) {
      return new GivenConfig(name, config, null);
    }
    var stored = Pretrained.open(file);
    return new GivenConfig(stored.name(), config, stored);
  }

  private Pretrained file(String tensor) {
    if (file == null) {
      throw AnabranchException.expected(
          Failure.MODEL, name + ": tensor '" + tensor + "'", "missing", "a file of weights");
    }
    return file;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Map<String, Object> config() {
    return config;
  }

  @Override
  public Map<String, Stored> tensors() {
    return file == null ? Map.of() : file.tensors();
  }

  @Override
  public void fp32(String tensor, MemorySegment into) {
    file(tensor).fp32(tensor, into);
  }

  @Override
  public void bf16(String tensor, MemorySegment into) {
    file(tensor).bf16(tensor, into);
  }

  @Override
  public void release() {
    if (file != null) {
      file.release();
    }
  }

  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
  }
}
