package dev.anabranch.app.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The model stories260K (huggingface.co/karpathy/tinyllamas) tells the story that llama2.c prints.
 *
 * <p>No part of the build. In one folder: {@code stories260K.bin}, {@code tok512.bin} and, as
 * {@code expected-greedy-200.txt}, what {@code run stories260K.bin -t 0 -n 200 -z tok512.bin}
 * prints. Run it by {@code mvn verify -pl app -am -Dtest=NONE -Dit.test=StoriesCheck
 * -Dstories=FOLDER}.
 */
class StoriesCheck {
  @Test
  void tellsTheKnownStory() throws Exception {
    var folder = Path.of(Objects.requireNonNull(System.getProperty("stories"), "-Dstories=FOLDER"));
    try (var model = new RealModel(folder.resolve("stories260K.bin"), 256)) {
      int bos = model.tokenizer().bos().orElseThrow();
      assertThat(model.tokenizer().encode("")).containsExactly(bos);
      int[] story = model.greedy(new int[] {bos}, 200, bos);
      assertThat(model.tokenizer().decode(story))
          .isEqualTo(Files.readString(folder.resolve("expected-greedy-200.txt")));
      int[] ids = model.tokenizer().encode("Once upon a time, Zoë\nsaw 2 dogs.");
      assertThat(model.tokenizer().decode(ids)).isEqualTo("Once upon a time, Zoë\nsaw 2 dogs.");
    }
  }
}
