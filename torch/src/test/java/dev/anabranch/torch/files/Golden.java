package dev.anabranch.torch.files;

import java.nio.file.Path;
import java.util.Objects;

/** Files beside the tests. */
final class Golden {
  private Golden() {}

  static Path path(String name) throws Exception {
    return Path.of(Objects.requireNonNull(Golden.class.getResource("/" + name), name).toURI());
  }
}
