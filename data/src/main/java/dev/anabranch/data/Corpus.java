package dev.anabranch.data;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All texts of a source.
 *
 * @param examples in the order of the source
 * @param classes label names in the order of {@link #BY_NAME}; a label is a position in it
 * @param sha256 of the file that the examples came from, in hexadecimal; of several files that of
 *     the lines {@code sha256 name}
 */
public record Corpus(List<Example> examples, List<String> classes, String sha256)
    implements Examples {
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

  @Override
  public int size() {
    return examples.size();
  }

  @Override
  public int label(int position) {
    return examples.get(position).label();
  }

  @Override
  public @Nullable String device(int position) {
    return examples.get(position).device();
  }
}
