package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The frozen weights of a BERT encoder, shared by every lane of a process. The embeddings are
 * always fp32; the layers are fp32 or bf16.
 *
 * <p>A parameter is copied out of its source when it is first asked for, so that what is trained
 * everywhere takes no memory. The matrices of frozen layers are held twice: as they are, for
 * backward passes, and packed, for forward passes ({@link OneDnn}). Any number of threads may read
 * it; the owner closes it when no program uses it any more.
 */
public final class BertWeights implements AutoCloseable {
  private final BertConfig config;
  private final ScalarType type;
  private final Set<String> names;
  private final Source source;
  private final Map<String, Tensor> held = new ConcurrentHashMap<>();
  private final List<Layer> layers = new ArrayList<>();

  /** Gives a parameter in fp32, valid in the scope that is open now. */
  interface Source {
    Tensor fp32(String name);
  }

  /**
   * @param names Hugging Face names without {@code bert.}
   * @param source must stay readable until all that is needed was asked for
   */
  BertWeights(BertConfig config, ScalarType type, Set<String> names, Source source) {
    this.config = config;
    this.type = type;
    this.names = Set.copyOf(names);
    this.source = source;
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new Layer(BertConfig.layer(i)));
    }
  }

  /**
   * Takes copies of the tensors, the layers converted to {@code type}.
   *
   * @param fp32 by Hugging Face name without {@code bert.}; stays with the caller
   */
  public static BertWeights of(BertConfig config, Map<String, Tensor> fp32, ScalarType type) {
    var weights = new BertWeights(config, type, fp32.keySet(), name -> at(fp32, name));
    fp32.keySet().forEach(weights::get);
    weights.load();
    return weights;
  }

  private static Tensor at(Map<String, Tensor> all, String name) {
    Tensor found = all.get(name);
    if (found == null) {
      throw new IllegalArgumentException(name + ": missing (expected: a tensor of the checkpoint)");
    }
    return found;
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
    if (!names.contains(name)) {
      throw new IllegalArgumentException(name + ": missing (expected: a parameter of this model)");
    }
    return held.computeIfAbsent(name, this::copy);
  }

  private Tensor copy(String name) {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      Tensor fp32 = source.fp32(name);
      boolean layered = name.startsWith("encoder.layer.");
      Tensor copy = (layered ? fp32.to(type) : fp32).contiguous();
      boolean shares = copy.data_ptr().address() == fp32.data_ptr().address();
      return Tensors.own(shares ? copy.clone() : new Tensor(copy));
    }
  }

  /** Writes a parameter elsewhere and keeps no copy of it. */
  void write(String name, Tensor into) {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      into.copy_(source.fp32(name));
    }
  }

  /** Copies all that frozen layers and embeddings need; cheap to call again. */
  BertWeights load() {
    names.stream().filter(name -> name.startsWith("embeddings.")).sorted().forEach(this::get);
    layers.forEach(Layer::load);
    return this;
  }

  /** The names of all frozen parameters. */
  public Set<String> names() {
    return names;
  }

  Layer layer(int index) {
    return layers.get(index);
  }

  @Override
  public void close() {
    held.values().forEach(Tensor::close);
    held.clear();
  }

  /** One encoder layer. Matrices are [out, in]. */
  final class Layer {
    private final String at;

    private Layer(String at) {
      this.at = at;
    }

    private void load() {
      qkv();
      qkvBias();
      for (String module :
          List.of(
              "attention.output.dense",
              "attention.output.LayerNorm",
              "intermediate.dense",
              "output.dense",
              "output.LayerNorm")) {
        get(at + module + ".weight");
        get(at + module + ".bias");
      }
      packedQkv();
      packedOutput();
      packedInner();
      packedOuter();
    }

    private Tensor packed(String name, Supplier<Tensor> plain) {
      if (!OneDnn.packs(type)) {
        return plain.get();
      }
      Tensor dense = plain.get(); // outside: a map must not change while it computes an entry
      return held.computeIfAbsent(
          at + name + ".packed",
          key -> {
            try (var scope = new PointerScope();
                var frozen = new NoGradGuard()) {
              return Tensors.own(OneDnn.pack(dense));
            }
          });
    }

    /** {@link #qkv()} for {@link Products#linear} without a gradient. */
    Tensor packedQkv() {
      return packed("qkv", this::qkv);
    }

    Tensor packedOutput() {
      return packed("output", this::output);
    }

    Tensor packedInner() {
      return packed("inner", this::inner);
    }

    Tensor packedOuter() {
      return packed("outer", this::outer);
    }

    /** [3d, d]: query, key and value in one matrix, so that a frozen layer needs one product. */
    Tensor qkv() {
      return joined(".weight");
    }

    Tensor qkvBias() {
      return joined(".bias");
    }

    private Tensor joined(String kind) {
      return held.computeIfAbsent(at + "qkv" + kind, name -> join(kind));
    }

    private Tensor join(String kind) {
      String self = at + "attention.self.";
      try (var scope = new PointerScope();
          var frozen = new NoGradGuard()) {
        return Tensors.own(
            torch
                .cat(
                    new TensorVector(
                        source.fp32(self + "query" + kind),
                        source.fp32(self + "key" + kind),
                        source.fp32(self + "value" + kind)))
                .to(type));
      }
    }

    Tensor output() {
      return get(at + "attention.output.dense.weight");
    }

    Tensor outputBias() {
      return get(at + "attention.output.dense.bias");
    }

    Tensor inner() {
      return get(at + "intermediate.dense.weight");
    }

    Tensor innerBias() {
      return get(at + "intermediate.dense.bias");
    }

    Tensor outer() {
      return get(at + "output.dense.weight");
    }

    Tensor outerBias() {
      return get(at + "output.dense.bias");
    }
  }
}
