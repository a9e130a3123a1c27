package dev.anabranch.core;

import java.util.Map;

/**
 * What a method does with a model.
 *
 * @param partition where it is cut and who holds what
 * @param trained what is trained, by name of segment; a segment that is not named is frozen
 */
public record ModelUse(Partition partition, Map<String, Parameterisation> trained) {
  public ModelUse {
    trained = Map.copyOf(trained);
    trained.keySet().forEach(partition::segment);
  }

  public Parameterisation of(Partition.Segment segment) {
    return trained.getOrDefault(segment.name(), new Parameterisation.Frozen());
  }

  /** The number of soft-prompt positions that stand before the text. */
  public int prompts() {
    return trained.values().stream().mapToInt(ModelUse::prompts).sum();
  }

  private static int prompts(Parameterisation p) {
    return switch (p) {
      case Parameterisation.SoftPrompt s -> s.tokens();
      case Parameterisation.Combined c -> c.parts().stream().mapToInt(ModelUse::prompts).sum();
      default -> 0;
    };
  }
}
