package dev.anabranch.data;

import dev.anabranch.core.Kind;

/** Adds a kind of source; found through {@code META-INF/services}. */
public interface SourceProvider {
  Kind<Source> kind();
}
