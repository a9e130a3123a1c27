package dev.anabranch.app.plan;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import java.util.List;
import java.util.Map;

/**
 * All that a plan can choose from. Immutable.
 *
 * @param methods of type {@code Kind<? extends Method<?>>}
 * @param models bases to fine-tune
 * @param sources where examples come from
 * @param partitioners how examples are dealt to devices
 * @param codecs value codecs, of type {@code Kind<Codec<Tensor>>}
 * @param profiles kinds of device
 */
public record Catalog(
    List<? extends Kind<?>> methods,
    List<? extends Kind<?>> models,
    List<? extends Kind<?>> sources,
    List<? extends Kind<?>> partitioners,
    List<? extends Kind<?>> codecs,
    List<DeviceProfile> profiles) {
  public Catalog {
    methods = List.copyOf(methods);
    models = List.copyOf(models);
    sources = List.copyOf(sources);
    partitioners = List.copyOf(partitioners);
    codecs = List.copyOf(codecs);
    profiles = List.copyOf(profiles);
  }

  /** What {@code anabranch list} can list, by its word, except profiles, which are no kinds. */
  public Map<String, List<? extends Kind<?>>> kinds() {
    return Map.of(
        "methods", methods,
        "models", models,
        "sources", sources,
        "partitioners", partitioners,
        "codecs", codecs);
  }

  /** The profile of that name; {@code key} is where it stands in the plan. */
  public DeviceProfile profile(String key, String name) {
    return profiles.stream()
        .filter(p -> p.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new AnabranchException(
                Failure.PLAN,
                key
                    + ": "
                    + name
                    + " (expected: "
                    + Words.hint(name, profiles.stream().map(DeviceProfile::name).toList())
                    + ")"));
  }
}
