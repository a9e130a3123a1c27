package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Texts over a tokenizer of single characters: a is 3, b is 4; begin is 1, end is 2. */
class LanguageShardIT {
  private static final int END = 2;

  private static Batch batch(int maxTokens, int end, String... texts) throws Exception {
    var path = LanguageShardIT.class.getResource("/characters/tokenizer.json");
    var tokenizer =
        new TextTokenizer(Path.of(Objects.requireNonNull(path, "path").toURI()), maxTokens);
    var examples = Arrays.stream(texts).map(LanguageShardIT::example).toList();
    int[] all = java.util.stream.IntStream.range(0, texts.length).toArray();
    return new LanguageShard(
            "device 0", new Corpus(examples, List.of("text"), ""), all, tokenizer, end)
        .batch(all);
  }

  /** {@code prompt>response}, or a text alone. */
  private static Example example(String text) {
    int at = text.indexOf('>');
    @Nullable String pair = at < 0 ? null : text.substring(at + 1);
    return new Example(at < 0 ? text : text.substring(0, at), pair, 0, null);
  }

  private static int[] ids(Batch batch) {
    return ((Inputs.Tokens) batch.inputs()).ids();
  }

  @Test
  void everyTokenAfterTheFirstIsAskedForAndPaddingIsNot() throws Exception {
    var batch = batch(8, END, "abc", "a");
    assertThat(ids(batch)).containsExactly(1, 3, 4, 5, 2, 1, 3, 2, 0, 0);
    assertThat(batch.labels()).containsExactly(3, 4, 5, 2, -1, 3, 2, -1, -1, -1);
    assertThat(((Inputs.Tokens) batch.inputs()).lengths()).containsExactly(5, 3);
  }

  @Test
  void onlyResponsesAreAskedFor() throws Exception {
    var batch = batch(8, END, "ab>c", "a>bc");
    assertThat(ids(batch)).containsExactly(1, 3, 4, 5, 2, 1, 3, 4, 5, 2);
    assertThat(batch.labels()).containsExactly(-1, -1, 5, 2, -1, -1, 4, 5, 2, -1);
  }

  @Test
  void longTextsAreCutAndHaveNoEnd() throws Exception {
    var batch = batch(4, END, "aaaaaaaa");
    assertThat(ids(batch)).containsExactly(1, 3, 3, 3);
    assertThat(batch.labels()).containsExactly(3, 3, 3, -1);
  }

  @Test
  void longPromptsLeaveHalfOfTheRoomToResponses() throws Exception {
    assertThat(ids(batch(8, END, "aaaaaaaaa>bbbbbbbbb"))).containsExactly(1, 3, 3, 3, 4, 4, 4, 4);
    assertThat(ids(batch(8, END, "aaaaaaaaa>b"))).containsExactly(1, 3, 3, 3, 3, 3, 4, 2);
  }

  @Test
  void modelWithoutAnEndHasTextsWithoutOne() throws Exception {
    assertThat(ids(batch(8, -1, "ab"))).containsExactly(1, 3, 4);
  }

  @Test
  void emptyShardIsRefused() {
    assertThatThrownBy(() -> batch(8, END))
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith("shard of device 0: 0 examples (expected: at least one");
  }
}
