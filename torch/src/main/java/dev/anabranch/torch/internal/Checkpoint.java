package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.files.Json;
import dev.anabranch.torch.files.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The pre-trained variables of a BERT model in a file: {@code model.safetensors} beside its {@code
 * config.json}, or an ONNX graph. Checked before a tensor is made: every variable there, in its
 * shape. Keeps the file mapped until it is closed; not thread-safe.
 */
public final class Checkpoint implements AutoCloseable {
  private static final double EPS = 1e-12; // of every published BERT

  private final String where;
  private final BertConfig config;
  private final Map<String, String> names;
  private final Map<String, long[]> shapes;
  private final Source source;

  /** The two formats. */
  private sealed interface Source {
    Map<String, long[]> shapes();

    Tensor view(String name);

    void release();

    void close();

    record Onnx(OnnxFile file) implements Source {
      @Override
      public Map<String, long[]> shapes() {
        return file.shapes();
      }

      @Override
      public Tensor view(String name) {
        return file.view(name);
      }

      @Override
      public void release() {
        file.release();
      }

      @Override
      public void close() {
        file.close();
      }
    }

    record Safe(SafeTensors file) implements Source {
      @Override
      public Map<String, long[]> shapes() {
        var shapes = new LinkedHashMap<String, long[]>();
        file.tensors().forEach((name, stored) -> shapes.put(name, stored.shape()));
        return shapes;
      }

      @Override
      public Tensor view(String name) {
        return Views.of(file, name);
      }

      @Override
      public void release() {
        file.release();
      }

      @Override
      public void close() {
        file.close();
      }
    }
  }

  private Checkpoint(
      String where,
      BertConfig config,
      Map<String, String> names,
      Map<String, long[]> shapes,
      Source source) {
    this.where = where;
    this.config = config;
    this.names = names;
    this.shapes = shapes;
    this.source = source;
  }

  /**
   * Opens and checks a model file.
   *
   * @throws AnabranchException CORRUPT if the file cannot be read as its format, MODEL if it is not
   *     a BERT model or not whole
   */
  public static Checkpoint open(Path file) {
    return open(file, List.of());
  }

  /**
   * As {@link #open(Path)} with some layers alone.
   *
   * @param keep ascending; empty: all
   */
  public static Checkpoint open(Path file, List<Integer> keep) {
    String where = file.getFileName().toString();
    if (!Files.isRegularFile(file)) {
      throw AnabranchException.expected(Failure.MODEL, "model file", file, "a readable file");
    }
    Source source = null;
    try {
      source =
          where.endsWith(".onnx")
              ? new Source.Onnx(OnnxFile.open(file))
              : new Source.Safe(SafeTensors.open(file));
      return of(where, file, source, keep);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.MODEL, file + ": " + e.getMessage() + " (expected: a readable file)", e);
    } catch (RuntimeException e) {
      if (source != null) {
        source.close();
      }
      if (e instanceof AnabranchException) {
        throw e;
      }
      throw new AnabranchException(Failure.CORRUPT, e.getMessage() + "; get the file again", e);
    }
  }

  private static Checkpoint of(String where, Path file, Source source, List<Integer> keep) {
    var found = new HashMap<String, String>();
    var shapes = new LinkedHashMap<String, long[]>();
    source
        .shapes()
        .forEach((name, shape) -> {
          found.put(plain(name), name);
          shapes.put(plain(name), shape);
        });
    var json = config(file.resolveSibling("config.json"));
    int heads = integer(json, "num_attention_heads", 0);
    double eps = json.get("layer_norm_eps") instanceof Double given ? given : EPS;
    var words = shapes.get("embeddings.word_embeddings.weight");
    if (heads == 0 && source instanceof Source.Onnx onnx && words != null && words.length == 2) {
      heads = onnx.file().heads((int) words[1]);
    }
    BertConfig config;
    try {
      config = BertConfig.ofShapes(shapes, heads, eps);
    } catch (IllegalArgumentException e) {
      throw new AnabranchException(
          Failure.MODEL, where + ": not a BERT model: " + e.getMessage(), e);
    }
    require(
        where, "num_hidden_layers", integer(json, "num_hidden_layers", config.layers()), config);
    for (var spec : config.shapes(1).pretrained()) {
      requireShape(where, spec, shapes.get(spec.name()));
    }
    if (!keep.isEmpty()) {
      KeptLayers.check(keep, config.layers());
      config = config.ofLayers(keep.size());
    }
    return new Checkpoint(where, config, kept(found, keep), shapes, source);
  }

  private static Map<String, String> kept(Map<String, String> names, List<Integer> keep) {
    var out = new HashMap<String, String>();
    names.forEach((plain, name) -> {
      var renamed = KeptLayers.rename(plain, keep);
      if (renamed != null) {
        out.put(renamed, name);
      }
    });
    return out;
  }

  private static void require(String where, String key, int value, BertConfig config) {
    if (value != config.layers()) {
      throw AnabranchException.expected(
          Failure.MODEL, where + ": layers", config.layers(), value + ", as " + key + " says");
    }
  }

  private static void requireShape(String where, TensorSpec spec, long @Nullable [] found) {
    if (found == null || !Arrays.equals(found, spec.dims())) {
      throw AnabranchException.expected(
          Failure.MODEL,
          where + ": tensor '" + spec.name() + "'",
          found == null ? "missing" : Arrays.toString(found),
          spec.shape().toString());
    }
  }

  private static Map<String, Object> config(Path path) {
    if (!Files.isRegularFile(path)) {
      return Map.of();
    }
    var json = Json.object(path);
    word(json, "model_type", "bert");
    word(json, "hidden_act", "gelu");
    word(json, "position_embedding_type", "absolute");
    return json;
  }

  private static void word(Map<String, Object> json, String key, String expected) {
    var found = json.getOrDefault(key, expected);
    if (!found.equals(expected)) {
      throw AnabranchException.expected(
          Failure.MODEL, "config.json: " + key, found, expected + ": the BERT family");
    }
  }

  private static int integer(Map<String, Object> json, String key, int standard) {
    return json.get(key) instanceof Double value ? value.intValue() : standard;
  }

  private static String plain(String name) {
    for (String prefix : List.of("bert.", "model.bert.", "model.", "0.auto_model.")) {
      if (name.startsWith(prefix)) {
        return name.substring(prefix.length());
      }
    }
    return name;
  }

  public BertConfig config() {
    return config;
  }

  /** Frozen weights in a type, valid while this file is open; the caller closes them. */
  public BertWeights weights(ScalarType type) {
    var all = new LinkedHashSet<String>();
    config.shapes(1).pretrained().forEach(spec -> all.add(spec.name()));
    return new BertWeights(config, type, all, this::view);
  }

  /**
   * A copy of the pre-trained pooler in fp32; the caller closes it.
   *
   * @throws AnabranchException PLAN if the file has none
   */
  Scorer.Pooler pooler() {
    return new Scorer.Pooler(
        pooler("weight", config.width(), config.width()), pooler("bias", config.width()));
  }

  private Tensor pooler(String part, long... shape) {
    var name = "pooler.dense." + part;
    if (!Arrays.equals(shapes.get(name), shape)) {
      throw AnabranchException.expected(
          Failure.PLAN,
          "task.pooling",
          "pooler",
          "mean, cls or prompt, as " + where + " has no " + name + " " + Arrays.toString(shape));
    }
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      return Tensors.own(view(name).clone());
    }
  }

  /** A tensor of the file in fp32, by its name in the model, in the scope that is open now. */
  Tensor view(String name) {
    return source.view(names.getOrDefault(name, name)).to(ScalarType.Float);
  }

  /** Lets go of the pages that were read, unless the file is closed. */
  void release() {
    source.release();
  }

  @Override
  public void close() {
    source.close();
  }
}
