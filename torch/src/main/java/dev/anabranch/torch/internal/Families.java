package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** The architectures that are known, by {@code model_type}. */
public final class Families {
  private static final Map<String, BiFunction<ConfigMap, Integer, Family>> KNOWN =
      new TreeMap<>(
          Map.of(
              "llama", (config, classes) -> Llama.llama(config),
              "qwen2", (config, classes) -> Llama.qwen2(config)));

  private Families() {}

  /**
   * The family of a model.
   *
   * @param classes of the task; a language model has its own
   * @throws AnabranchException MODEL for an architecture or a setting that is not supported
   */
  public static Family of(ConfigMap config, int classes) {
    var type = config.text("model_type", "none");
    var known = KNOWN.get(type);
    if (known == null) {
      throw AnabranchException.expected(
          Failure.MODEL,
          config.where() + ": model_type",
          type,
          "one of bert, " + String.join(", ", KNOWN.keySet()));
    }
    return known.apply(config, classes);
  }
}
