package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The frozen weights of a BERT encoder, shared by every lane of a process.
 *
 * <p>Immutable after construction, so any number of threads may read it; the owner closes it when
 * no program uses it any more. The embeddings are always fp32; the layers are fp32 or bf16.
 */
public final class BertWeights implements AutoCloseable {
  private final BertConfig config;
  private final ScalarType type;
  private final Map<String, Tensor> named;
  private final List<Layer> layers;

  private BertWeights(
      BertConfig config, ScalarType type, Map<String, Tensor> named, List<Layer> layers) {
    this.config = config;
    this.type = type;
    this.named = named;
    this.layers = layers;
  }

  /**
   * Takes copies of the tensors, the layers converted to {@code type}.
   *
   * @param fp32 by Hugging Face name without {@code bert.}; stays with the caller
   */
  public static BertWeights of(BertConfig config, Map<String, Tensor> fp32, ScalarType type) {
    var named = new HashMap<String, Tensor>();
    var layers = new ArrayList<Layer>();
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      fp32.forEach((name, tensor) -> {
        boolean layered = name.startsWith("encoder.layer.");
        Tensor copy = layered ? tensor.to(type) : tensor;
        named.put(name, Tensors.own(copy.is_same(tensor) ? tensor.clone() : copy));
      });
      for (int i = 0; i < config.layers(); i++) {
        layers.add(Layer.of(named, BertConfig.layer(i)));
      }
    }
    return new BertWeights(config, type, named, layers);
  }

  public BertConfig config() {
    return config;
  }

  /** Element type of the layers. */
  public ScalarType type() {
    return type;
  }

  /** A frozen parameter by name. */
  public Tensor get(String name) {
    Tensor tensor = named.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(name + ": missing (expected: a parameter of this model)");
    }
    return tensor;
  }

  /** The names of all frozen parameters. */
  public java.util.Set<String> names() {
    return java.util.Collections.unmodifiableSet(named.keySet());
  }

  Layer layer(int index) {
    return layers.get(index);
  }

  @Override
  public void close() {
    layers.forEach(layer -> {
      layer.qkv().close();
      layer.qkvBias().close();
    });
    named.values().forEach(Tensor::close);
  }

  /**
   * One encoder layer. Matrices are [out, in].
   *
   * @param qkv [3d, d] query, key and value in one matrix, so that a frozen layer needs one product
   */
  record Layer(
      Tensor qkv,
      Tensor qkvBias,
      Tensor output,
      Tensor outputBias,
      Tensor norm1,
      Tensor norm1Bias,
      Tensor inner,
      Tensor innerBias,
      Tensor outer,
      Tensor outerBias,
      Tensor norm2,
      Tensor norm2Bias) {
    private static Layer of(Map<String, Tensor> named, String at) {
      String self = at + "attention.self.";
      return new Layer(
          Tensors.own(join(named, self, ".weight")),
          Tensors.own(join(named, self, ".bias")),
          find(named, at + "attention.output.dense.weight"),
          find(named, at + "attention.output.dense.bias"),
          find(named, at + "attention.output.LayerNorm.weight"),
          find(named, at + "attention.output.LayerNorm.bias"),
          find(named, at + "intermediate.dense.weight"),
          find(named, at + "intermediate.dense.bias"),
          find(named, at + "output.dense.weight"),
          find(named, at + "output.dense.bias"),
          find(named, at + "output.LayerNorm.weight"),
          find(named, at + "output.LayerNorm.bias"));
    }

    private static Tensor join(Map<String, Tensor> named, String self, String kind) {
      return torch.cat(
          new TensorVector(
              find(named, self + "query" + kind),
              find(named, self + "key" + kind),
              find(named, self + "value" + kind)));
    }

    private static Tensor find(Map<String, Tensor> named, String name) {
      Tensor tensor = named.get(name);
      if (tensor == null) {
        throw new IllegalArgumentException(
            name + ": missing (expected: a tensor of the checkpoint)");
      }
      return tensor;
    }
  }
}
