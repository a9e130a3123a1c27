package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;

/**
 * A folder as Hugging Face's libraries write it: {@code config.json} beside {@code
 * model.safetensors}, or beside several files and the index that says what lies where.
 */
public final class HuggingFace implements Stored {
  /** The index of a model in several files. */
  public static final String INDEX = "model.safetensors.index.json";

  private static final int MAX_JSON = 16 << 20;

  private final String where;
  private final Map<String, Object> config;
  private final List<SafeTensors> files;
  private final Map<String, SafeTensors> of = new LinkedHashMap<>();

  private HuggingFace(String where, Map<String, Object> config, List<SafeTensors> files) {
    this.where = where;
    this.config = config;
    this.files = files;
    for (var file : files) {
      for (var name : file.shapes().keySet()) {
        if (of.put(name, file) != null) {
          throw new IllegalArgumentException(
              where + ": tensor '" + name + "' in two files (expected: in one)");
        }
      }
    }
  }

  /**
   * Opens a model.
   *
   * @param file {@code model.safetensors}, or the index of several files
   * @throws AnabranchException CORRUPT if a file cannot be read as its format, MODEL if one is
   *     missing
   */
  public static HuggingFace open(Path file) {
    var files = new ArrayList<SafeTensors>();
    try {
      var config = json(file.resolveSibling("config.json"));
      for (var part : parts(file)) {
        files.add(SafeTensors.open(part));
      }
      return new HuggingFace(String.valueOf(file.getFileName()), config, files);
    } catch (IOException e) {
      files.forEach(SafeTensors::close);
      throw new AnabranchException(
          Failure.MODEL, file + ": " + e.getMessage() + " (expected: a readable file)", e);
    } catch (AnabranchException e) {
      files.forEach(SafeTensors::close);
      throw e;
    } catch (RuntimeException e) {
      files.forEach(SafeTensors::close);
      throw new AnabranchException(
          Failure.CORRUPT, e.getMessage() + "; get the model file again", e);
    }
  }

  /** {@code model_type} of the model beside a file; {@code bert} where nothing says it. */
  public static String type(Path file) {
    var config = file.resolveSibling("config.json");
    try {
      return Files.isRegularFile(config)
          ? String.valueOf(json(config).getOrDefault("model_type", "bert"))
          : "bert";
    } catch (IOException | IllegalArgumentException e) {
      throw new AnabranchException(
          Failure.MODEL, config + ": " + e.getMessage() + " (expected: a JSON object)", e);
    }
  }

  /** The files that hold the tensors: the file itself, or those that the index names. */
  public static List<Path> parts(Path file) throws IOException {
    if (!file.getFileName().toString().endsWith(".index.json")) {
      return List.of(file);
    }
    if (!(json(file).get("weight_map") instanceof Map<?, ?> map)) {
      throw AnabranchException.expected(
          Failure.MODEL, file.getFileName() + ": weight_map", "missing", "a file for each tensor");
    }
    var names = new TreeSet<String>();
    map.values().forEach(value -> names.add(String.valueOf(value)));
    var out = new ArrayList<Path>();
    for (var name : names) {
      var part = file.resolveSibling(name);
      if (!Path.of(name).equals(Path.of(name).getFileName()) || !Files.isRegularFile(part)) {
        throw AnabranchException.expected(
            Failure.MODEL,
            file.getFileName() + ": file '" + name + "'",
            "missing",
            "a file beside the index");
      }
      out.add(part);
    }
    return out;
  }

  private static Map<String, Object> json(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      throw AnabranchException.expected(
          Failure.MODEL, path.getFileName().toString(), "missing", "the file " + path);
    }
    if (Files.size(path) > MAX_JSON) {
      throw AnabranchException.expected(
          Failure.MODEL, path + ": bytes", Files.size(path), "at most " + MAX_JSON);
    }
    return Json.object(path.getFileName().toString(), Files.readString(path));
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
  public Map<String, long[]> shapes() {
    var out = new LinkedHashMap<String, long[]>();
    files.forEach(file -> out.putAll(file.shapes()));
    return out;
  }

  @Override
  public Tensor view(String name) {
    return Objects.requireNonNull(of.get(name), name).view(name);
  }

  @Override
  public void release() {
    files.forEach(SafeTensors::release);
  }

  @Override
  public void close() {
    files.forEach(SafeTensors::close);
  }
}
