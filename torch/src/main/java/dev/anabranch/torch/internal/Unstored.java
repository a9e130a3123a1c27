package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A model whose configuration stands in the plan: its tensors are those of one safetensors file, or
 * there are none and all of its variables are drawn.
 */
public final class Unstored implements Stored {
  private final String where;
  private final Map<String, Object> config;
  private final @Nullable SafeTensors file;

  private Unstored(String where, Map<String, Object> config, @Nullable SafeTensors file) {
    this.where = where;
    this.config = Map.copyOf(config);
    this.file = file;
  }

  /**
   * Opens a model.
   *
   * @param file of its weights; an empty path: there are none
   * @param config under the keys of {@code config.json}
   * @throws AnabranchException CORRUPT if the file cannot be read as its format, MODEL if it is
   *     missing
   */
  public static Unstored open(String name, Path file, Map<String, Object> config) {
    if (file.toString().isEmpty()) {
      return new Unstored(name, config, null);
    }
    try {
      return new Unstored(String.valueOf(file.getFileName()), config, SafeTensors.open(file));
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.MODEL, file + ": " + e.getMessage() + " (expected: a readable file)", e);
    } catch (IllegalArgumentException e) {
      throw new AnabranchException(
          Failure.CORRUPT, e.getMessage() + "; get the model file again", e);
    }
  }

  @Override
  public String where() {
    return where;
  }

  @Override
  public Map<String, Object> config() {
    return config;
  }

  @Override
  public boolean blank() {
    return file == null;
  }

  @Override
  public Map<String, long[]> shapes() {
    return file == null ? Map.of() : file.shapes();
  }

  @Override
  public Tensor view(String name) {
    if (file == null) {
      throw new IllegalArgumentException(where + ": '" + name + "' (expected: no variable)");
    }
    return file.view(name);
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
