package dev.anabranch.data;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All examples of a source.
 *
 * @param examples in the order of the source
 * @param classes label names in the order of {@link #BY_NAME}; a label is a position in it
 * @param sha256 of the file that the examples came from, in hexadecimal; of several files that of
 *     the lines {@code sha256 name}
 */
public record Corpus(List<Example> examples, List<String> classes, String sha256) {
  /** Numbers by value and before other names, the others by their characters. */
  public static final Comparator<String> BY_NAME =
      Comparator.comparing(Corpus::number, Comparator.nullsLast(Comparator.naturalOrder()))
          .thenComparing(Comparator.naturalOrder());

  public Corpus {
    examples = List.copyOf(examples);
    classes = List.copyOf(classes);
    for (var e : examples) {
      if (e.label() < 0 || e.label() >= classes.size()) {
        throw new IllegalArgumentException(
            "label: " + e.label() + " (expected: 0 to " + (classes.size() - 1) + ")");
      }
    }
  }

  private static @Nullable Double number(String name) {
    try {
      return name.isEmpty() || Character.isLetter(name.charAt(name.length() - 1))
          ? null
          : Double.valueOf(name);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  public int size() {
    return examples.size();
  }

  /** The label of every example. */
  public int[] labels() {
    return examples.stream().mapToInt(Example::label).toArray();
  }

  /** The labels of some examples. */
  public int[] labels(int[] indices) {
    int[] out = new int[indices.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = examples.get(indices[i]).label();
    }
    return out;
  }

  /** The owners of some examples. */
  public List<@Nullable String> devices(int[] indices) {
    var out = new java.util.ArrayList<@Nullable String>(indices.length);
    for (int i : indices) {
      out.add(examples.get(i).device());
    }
    return out;
  }

  /** How many examples each class has. */
  public int[] counts(int[] indices) {
    int[] out = new int[classes.size()];
    for (int i : indices) {
      out[examples.get(i).label()]++;
    }
    return out;
  }
}
