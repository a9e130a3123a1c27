package dev.anabranch.torch.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** A small encoder with random weights, and autograd over {@link BertLayers} as its oracle. */
final class LayerFixture {
  static final BertConfig CONFIG = new BertConfig(4, 64, 4, 160, 50, 32, 2, 1e-12);
  static final List<String> MODULES =
      List.of(
          "attention.self.query",
          "attention.self.key",
          "attention.self.value",
          "attention.output.dense",
          "intermediate.dense",
          "output.dense");
  static final int BATCH = 3;
  static final int TOKENS = 10;

  final Map<String, Tensor> named = new TreeMap<>();
  final Tensor hidden;
  final Tensor gradient;
  final @Nullable Tensor mask;
  private final Generator generator;

  LayerFixture(long seed) {
    LibTorch.boot();
    generator = torch.make_generator_cpu(seed);
    int d = CONFIG.width();
    for (int i = 0; i < CONFIG.layers(); i++) {
      String at = BertConfig.layer(i);
      for (String module : MODULES) {
        long in = module.equals("output.dense") ? CONFIG.intermediate() : d;
        long out = module.equals("intermediate.dense") ? CONFIG.intermediate() : d;
        named.put(at + module + ".weight", normal(1 / Math.sqrt((double) in), out, in));
        named.put(at + module + ".bias", normal(0.1, out));
      }
      for (String norm : List.of("attention.output.LayerNorm", "output.LayerNorm")) {
        named.put(at + norm + ".weight", normal(0.1, d).add_(new Scalar(1)));
        named.put(at + norm + ".bias", normal(0.1, d));
      }
    }
    hidden = normal(1, BATCH, TOKENS, d);
    gradient = normal(1, BATCH, TOKENS, d);
    int[] lengths = new int[BATCH];
    for (int i = 0; i < BATCH; i++) {
      lengths[i] = TOKENS - 3 * i;
    }
    mask = Objects.requireNonNull(Sequence.mask(lengths, TOKENS));
  }

  Tensor normal(double deviation, long... shape) {
    return torch.zeros(shape).normal_(0, deviation, new GeneratorOptional(generator));
  }

  Tensor leaf(Tensor value) {
    return value.clone().detach().requires_grad_();
  }

  BertWeights weights(ScalarType type) {
    return BertWeights.of(CONFIG, named, type);
  }

  /** What is trained: variables by name, and low-rank updates by module. */
  record Trained(Map<String, Tensor> variables, Map<String, Hooks.Lora> updates) implements Hooks {
    @Override
    public @Nullable Tensor trained(String name) {
      return variables.get(name);
    }

    @Override
    public boolean touches(int layer) {
      return true;
    }

    @Override
    public Hooks.@Nullable Lora lora(int layer, String module) {
      return updates.get(BertConfig.layer(layer) + module);
    }

    Map<String, Tensor> all() {
      var all = new TreeMap<>(variables);
      updates.forEach((name, lora) -> {
        all.put(name + ".lora_A", lora.a());
        all.put(name + ".lora_B", lora.b());
      });
      return all;
    }
  }

  Trained nothing() {
    return new Trained(new TreeMap<>(), new TreeMap<>());
  }

  /** Every parameter whose name contains {@code part}. */
  Trained trained(String part) {
    Trained trained = nothing();
    named.forEach((name, value) -> {
      if (name.contains(part)) {
        trained.variables.put(name, leaf(value));
      }
    });
    return trained;
  }

  /** Low-rank updates on modules of the layers from {@code first}. */
  Trained updated(Trained trained, List<String> modules, int first) {
    for (int i = first; i < CONFIG.layers(); i++) {
      for (String module : modules) {
        Tensor weight = get(named, BertConfig.layer(i) + module + ".weight");
        trained.updates.put(
            BertConfig.layer(i) + module,
            new Hooks.Lora(
                leaf(normal(0.1, 4, weight.size(1))), leaf(normal(0.1, weight.size(0), 4)), 2));
      }
    }
    return trained;
  }

  /** By autograd: {@code out}, {@code in} and the gradient of every variable. */
  Map<String, Tensor> autograd(
      BertWeights weights, Trained trained, @Nullable Tensor mask, int from, int until) {
    trained.all().values().forEach(variable -> variable.mutable_grad().reset());
    Tensor x = leaf(hidden.to(weights.type()));
    Tensor y = new BertLayers(weights).forward(x, mask, from, until, trained);
    y.backward(
        gradient.to(weights.type()), new BoolOptional(), false, new TensorArrayRefOptional());
    var results = new HashMap<String, Tensor>();
    results.put("out", y.detach());
    results.put("in", x.grad());
    trained
        .all()
        .forEach((name, variable) -> {
          if (variable.grad().defined()) {
            results.put(name, variable.grad().clone());
          }
        });
    return results;
  }

  /** By hand, the same map. */
  Map<String, Tensor> byHand(
      BertWeights weights,
      Trained trained,
      @Nullable Tensor mask,
      int from,
      int until,
      TrainedLayers.Keep keep) {
    var layers = new TrainedLayers(weights, from, until, trained, macs -> {});
    var result = layers.forward(hidden.to(weights.type()), mask, keep);
    var results = new HashMap<String, Tensor>();
    Tensor in = layers.backward(result.tape(), gradient.to(weights.type()), results);
    results.put("out", result.hidden());
    if (in != null) {
      results.put("in", in);
    }
    return results;
  }

  static Tensor get(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  /** ‖a - b‖ / ‖b‖. */
  static double distance(Tensor a, Tensor b) {
    Tensor wide = b.to(ScalarType.Float);
    return a.to(ScalarType.Float).sub(wide).norm().item_double()
        / (wide.norm().item_double() + 1e-12);
  }
}
