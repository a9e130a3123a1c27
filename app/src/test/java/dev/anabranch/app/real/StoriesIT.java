package dev.anabranch.app.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The model of {@code models/stories260k} tells the story that the program of its author prints.
 */
class StoriesIT {
  private static final Path FOLDER = Path.of("..", "models", "stories260k");

  @Test
  void tellsTheKnownStory() throws Exception {
    try (var model = new RealModel(FOLDER.resolve("stories260K.bin"), 256)) {
      int bos = model.tokenizer().bos().orElseThrow();
      assertThat(model.tokenizer().encode("")).containsExactly(bos);
      int[] story = model.greedy(new int[] {bos}, 200, bos);
      assertThat(model.tokenizer().decode(story))
          .isEqualTo(Files.readString(FOLDER.resolve("expected-greedy-200.txt")));
      int[] ids = model.tokenizer().encode("Once upon a time, Zoë\nsaw 2 dogs.");
      assertThat(model.tokenizer().decode(ids)).isEqualTo("Once upon a time, Zoë\nsaw 2 dogs.");
    }
  }
}
