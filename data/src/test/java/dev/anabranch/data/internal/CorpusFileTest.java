package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.data.Corpus;
import dev.anabranch.data.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusFileTest {
  private static final Corpus CORPUS =
      new Corpus(
          List.of(
              new Example("grüße 😀", null, 1, "ann"),
              new Example("", "second", 0, null),
              new Example("x", "", 1, "ann")),
          List.of("a", "b"),
          "00ff");

  @TempDir Path folder = Path.of("");

  @Test
  void corpus_comesBackAsItWas() throws IOException {
    var file = folder.resolve("c");
    CorpusFile.write(file, CORPUS);
    assertThat(CorpusFile.read(file)).contains(CORPUS);
  }

  @Test
  void anyDamage_isNoticed() throws IOException {
    var file = folder.resolve("c");
    CorpusFile.write(file, CORPUS);
    byte[] sound = Files.readAllBytes(file);
    for (int i = 0; i < sound.length; i++) {
      byte[] changed = sound.clone();
      changed[i] ^= 1;
      Files.write(file, changed);
      assertThat(CorpusFile.read(file)).as("byte %d changed", i).isEmpty();
      Files.write(file, Arrays.copyOf(sound, i));
      assertThat(CorpusFile.read(file)).as("cut to %d bytes", i).isEmpty();
    }
  }
}
