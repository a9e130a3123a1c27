package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.files.Stored;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A pre-trained model with some of its layers alone, numbered anew: what is often distilled into.
 * Embeddings and output stay. As thread-safe as the model.
 */
public final class KeptLayers implements Pretrained {
  private static final Pattern LAYER = Pattern.compile("(.*\\b(?:layers?|h)\\.)(\\d{1,6})(\\..*)");
  private static final List<String> COUNTS = List.of("num_hidden_layers", "n_layer");

  private final Pretrained whole;
  private final Map<String, Object> config;
  private final Map<String, String> names = new LinkedHashMap<>();
  private final Map<String, Stored> tensors = new LinkedHashMap<>();

  private KeptLayers(Pretrained whole, List<Integer> keep) {
    this.whole = whole;
    this.config = new LinkedHashMap<>(whole.config());
    var key =
        COUNTS.stream()
            .filter(config::containsKey)
            .findFirst()
            .orElseThrow(() ->
                AnabranchException.expected(
                    Failure.MODEL,
                    whole.name() + ": " + COUNTS.get(0),
                    "missing",
                    "a number of layers"));
    if (config.get(key) instanceof Number layers) {
      check(keep, layers.intValue());
    }
    config.put(key, (double) keep.size());
    whole
        .tensors()
        .forEach((name, stored) -> {
          var kept = rename(name, keep);
          if (kept != null) {
            names.put(kept, name);
            tensors.put(
                kept, new Stored(new TensorSpec(kept, stored.spec().shape()), stored.encoding()));
          }
        });
  }

  /**
   * Takes the model over.
   *
   * @param keep ascending; empty: all
   * @throws AnabranchException PLAN for a layer that the model does not have
   */
  public static Pretrained of(Pretrained whole, List<Integer> keep) {
    if (keep.isEmpty()) {
      return whole;
    }
    try {
      return new KeptLayers(whole, keep);
    } catch (RuntimeException e) {
      whole.close();
      throw e;
    }
  }

  /** Refuses layers that are not there, or not in order. */
  static void check(List<Integer> keep, int layers) {
    int next = 0;
    for (int layer : keep) {
      Check.that(
          layer >= next && layer < layers,
          "model.keepLayers",
          keep,
          "layers of 0 to " + (layers - 1) + " in ascending order");
      next = layer + 1;
    }
  }

  /** The new name of a tensor; null if it belongs to a layer that goes. */
  static @Nullable String rename(String name, List<Integer> keep) {
    var found = LAYER.matcher(name);
    if (keep.isEmpty() || !found.matches()) {
      return name;
    }
    int at = keep.indexOf(Integer.valueOf(found.group(2)));
    return at < 0 ? null : found.group(1) + at + found.group(3);
  }

  private String old(String name) {
    return names.getOrDefault(name, name);
  }

  @Override
  public String name() {
    return whole.name();
  }

  @Override
  public Map<String, Object> config() {
    return Collections.unmodifiableMap(config);
  }

  @Override
  public Map<String, Stored> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public void fp32(String tensor, MemorySegment into) {
    whole.fp32(old(tensor), into);
  }

  @Override
  public void bf16(String tensor, MemorySegment into) {
    whole.bf16(old(tensor), into);
  }

  @Override
  public void release() {
    whole.release();
  }

  @Override
  public void close() {
    whole.close();
  }
}
