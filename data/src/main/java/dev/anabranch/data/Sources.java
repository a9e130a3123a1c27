package dev.anabranch.data;

import dev.anabranch.core.Kind;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** The sources that a plan can name. */
public final class Sources {
  /** All that are on the class path, by name. */
  public static final List<Kind<Source>> KINDS =
      ServiceLoader.load(SourceProvider.class).stream()
          .map(p -> p.get().kind())
          .sorted(Comparator.comparing(Kind::name))
          .toList();

  private Sources() {}
}
