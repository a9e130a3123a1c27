package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.PeftFolder;
import dev.anabranch.torch.files.Encoding;
import dev.anabranch.torch.files.Json;
import dev.anabranch.torch.files.SafeTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Reads a PEFT adapter folder for a model. Nothing in it is trusted: every setting that would
 * change what is computed is known or refused, and every tensor has its place and its shape.
 */
public final class PeftReader {
  private static final Set<Encoding> FLOATS = Set.of(Encoding.F32, Encoding.F16, Encoding.BF16);

  /** Settings that change what LoRA computes, with the one value that is known. */
  private static final Map<String, Object> PLAIN_LORA =
      Map.of("use_dora", false, "use_qalora", false, "lora_bias", false, "bias", "none");

  /** Settings that change what LoRA computes, known when they are not given. */
  private static final List<String> NO_LORA =
      List.of(
          "rank_pattern",
          "alpha_pattern",
          "layer_replication",
          "megatron_config",
          "alora_invocation_tokens",
          "arrow_config",
          "target_parameters",
          "trainable_token_indices",
          "use_bdlora");

  private final Path folder;
  private final PeftLayout layout;

  public PeftReader(Path folder, PeftLayout layout) {
    this.folder = folder;
    this.layout = layout;
  }

  /** The whole adapter. */
  public PeftFolder read() {
    var config = Json.object(require(PeftFolder.CONFIG));
    var base = String.valueOf(config.getOrDefault("base_model_name_or_path", ""));
    expect(config, "task_type", layout.task());
    var kind = String.valueOf(config.get("peft_type"));
    try (var file = SafeTensors.open(require(PeftFolder.WEIGHTS))) {
      var how =
          switch (kind) {
            case "LORA" -> lora(config, file);
            case "PROMPT_TUNING" ->
                new Parameterisation.SoftPrompt(
                    tokens(config, layout.width()), Parameterisation.SoftPrompt.Placing.WORDS);
            case "PREFIX_TUNING" -> prefix(config);
            default -> throw unsupported("peft_type", kind, "LORA, PROMPT_TUNING or PREFIX_TUNING");
          };
      return new PeftFolder(base, how, variables(how, file));
    }
  }

  private Path require(String name) {
    var file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw AnabranchException.expected(
          Failure.MODEL,
          "adapter " + folder,
          name + " is missing",
          PeftFolder.CONFIG + " and " + PeftFolder.WEIGHTS + ", as PEFT writes them");
    }
    return file;
  }

  private static void expect(Map<String, Object> config, String key, Object expected) {
    var found = config.getOrDefault(key, expected);
    if (!found.equals(expected)) {
      throw unsupported(key, found, String.valueOf(expected));
    }
  }

  private static AnabranchException unsupported(String key, Object found, String expected) {
    return AnabranchException.expected(
        Failure.UNSUPPORTED, PeftFolder.CONFIG + ": " + key, found, expected);
  }

  private static int whole(Map<String, Object> config, String key, int most) {
    if (config.get(key) instanceof Double n && n == Math.rint(n) && n >= 1 && n <= most) {
      return n.intValue();
    }
    throw AnabranchException.expected(
        Failure.CORRUPT,
        PeftFolder.CONFIG + ": " + key,
        config.getOrDefault(key, "missing"),
        "a whole number from 1 to " + most);
  }

  private int tokens(Map<String, Object> config, int width) {
    expect(config, "num_transformer_submodules", 1.0);
    if (config.containsKey("token_dim")) {
      expect(config, "token_dim", (double) width);
    }
    return whole(config, "num_virtual_tokens", layout.positions());
  }

  private Parameterisation prefix(Map<String, Object> config) {
    expect(config, "prefix_projection", false);
    return new Parameterisation.Prefix(tokens(config, layout.keyWidth()));
  }

  private Parameterisation lora(Map<String, Object> config, SafeTensors file) {
    PLAIN_LORA.forEach((key, value) -> expect(config, key, value));
    for (var key : NO_LORA) {
      var found = config.get(key);
      if (found != null && !found.equals(Map.of()) && !found.equals(false)) {
        throw unsupported(key, found, "none");
      }
    }
    int r = whole(config, "r", 4096);
    if (!(config.get("lora_alpha") instanceof Double alpha) || !Double.isFinite(alpha)) {
      throw AnabranchException.expected(
          Failure.CORRUPT,
          PeftFolder.CONFIG + ": lora_alpha",
          config.getOrDefault("lora_alpha", "missing"),
          "a number");
    }
    boolean stabilised = Boolean.TRUE.equals(config.get("use_rslora"));
    var targets =
        layout.modules().stream().filter(module -> any(file, module)).map(layout::target).toList();
    return new Parameterisation.Lora(r, stabilised ? alpha * Math.sqrt(r) : alpha, targets);
  }

  private boolean any(SafeTensors file, String module) {
    return IntStream.range(0, layout.layers())
        .mapToObj(i -> layout.lora(layout.at(i) + module + ".lora_A"))
        .anyMatch(file.tensors()::containsKey);
  }

  /** All that is trained, each from its tensor; what is left over is refused. */
  private TensorMap variables(Parameterisation how, SafeTensors file) {
    var specs = layout.trained(how);
    var left = new LinkedHashSet<>(file.tensors().keySet());
    var out = new LinkedHashMap<String, Tensor>();
    if (!(how instanceof Parameterisation.Lora)) {
      out.putAll(virtual(how, specs, file, left));
    }
    for (var spec : specs) {
      if (!out.containsKey(spec.name())) {
        var name =
            how instanceof Parameterisation.Lora
                ? layout.lora(spec.name())
                : layout.beside(spec.name());
        left.remove(name);
        out.put(spec.name(), value(file, name, spec.dims()));
      }
    }
    if (!left.isEmpty()) {
      throw AnabranchException.expected(
          Failure.UNSUPPORTED,
          PeftFolder.WEIGHTS,
          "'" + left.getFirst() + "'",
          "tensors of the adapter and the classifier alone");
    }
    var ordered = new LinkedHashMap<String, Tensor>();
    specs.forEach(spec -> ordered.put(spec.name(), out.get(spec.name())));
    return TensorMap.of(ordered);
  }

  /** The one tensor of a prompt [p, d], or of a prefix [p, layers · 2 · d], taken apart. */
  private Map<String, Tensor> virtual(
      Parameterisation how, List<TensorSpec> specs, SafeTensors file, Set<String> left) {
    left.remove(PeftLayout.PROMPTS);
    var names = specs.stream().map(TensorSpec::name).filter(PeftLayout::isVirtual).toList();
    int p =
        how instanceof Parameterisation.Prefix prefix
            ? prefix.tokens()
            : ((Parameterisation.SoftPrompt) how).tokens();
    int d = how instanceof Parameterisation.Prefix ? layout.keyWidth() : layout.width();
    float[] all = value(file, PeftLayout.PROMPTS, p, (long) names.size() * d).toArray();
    var out = new LinkedHashMap<String, Tensor>();
    for (int i = 0; i < names.size(); i++) {
      float[] own = new float[p * d];
      for (int row = 0; row < p; row++) {
        System.arraycopy(all, (row * names.size() + i) * d, own, row * d, d);
      }
      out.put(names.get(i), Tensor.of(own, p, d));
    }
    return out;
  }

  private static Tensor value(SafeTensors file, String name, long... shape) {
    var found = file.tensors().get(name);
    if (found == null || !Arrays.equals(found.shape(), shape)) {
      throw AnabranchException.expected(
          Failure.MODEL,
          PeftFolder.WEIGHTS + ": '" + name + "'",
          found == null ? "missing" : Arrays.toString(found.shape()),
          Arrays.toString(shape) + ", for this model");
    }
    if (!FLOATS.contains(found.encoding())) {
      throw AnabranchException.expected(
          Failure.UNSUPPORTED,
          PeftFolder.WEIGHTS + ": '" + name + "'",
          found.encoding(),
          "F32, F16 or BF16");
    }
    var value = file.value(name);
    if (!value.isFinite()) {
      throw AnabranchException.expected(
          Failure.CORRUPT,
          PeftFolder.WEIGHTS + ": '" + name + "'",
          "NaN or infinite",
          "finite values");
    }
    return value;
  }
}
