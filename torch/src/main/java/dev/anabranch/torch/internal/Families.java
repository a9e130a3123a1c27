package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.torch.TorchEngine;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** The architectures that are known, by {@code model_type}. */
public final class Families {
  private static final Map<String, BiFunction<ConfigMap, TorchEngine.Task, Family>> KNOWN =
      new TreeMap<>(
          Map.of(
              "gpt2", (config, task) -> Gpt2.of(config),
              "llama", (config, task) -> Llama.llama(config),
              "qwen2", (config, task) -> Llama.qwen2(config),
              "roberta", Roberta::of));

  private Families() {}

  /**
   * The family of a model.
   *
   * @param task number of classes and pooling, for architectures that classify
   * @throws AnabranchException MODEL for an architecture or a setting that is not supported
   */
  public static Family of(ConfigMap config, TorchEngine.Task task) {
    var type = config.text("model_type", "none");
    var known = KNOWN.get(type);
    if (known == null) {
      throw AnabranchException.expected(
          Failure.MODEL,
          config.where() + ": model_type",
          type,
          "one of bert, " + String.join(", ", KNOWN.keySet()));
    }
    return known.apply(config, task);
  }
}
