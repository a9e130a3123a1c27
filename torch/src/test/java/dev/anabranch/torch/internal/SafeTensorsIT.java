package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is what the reference implementation writes. */
class SafeTensorsIT {
  @Test
  void writesTheSameBytes(@TempDir Path folder) throws Exception {
    var golden =
        Path.of(
            Objects.requireNonNull(getClass().getResource("/golden/bert/model.safetensors"))
                .toURI());
    var copy = folder.resolve("copy.safetensors");
    try (var file = SafeTensors.open(golden);
        var scope = new PointerScope()) {
      SafeTensors.write(copy, new TreeMap<>(file.views()), file.metadata());
    }
    assertThat(Files.mismatch(copy, golden)).isEqualTo(-1);
  }
}
