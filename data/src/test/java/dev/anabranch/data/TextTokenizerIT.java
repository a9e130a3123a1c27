package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the tokenizer of all-MiniLM-L6-v2. */
class TextTokenizerIT {
  private static final List<String> PIECES =
      List.of(
          "the",
          "of",
          "unbelievably",
          "http://example.org/a?b=c&d=e",
          "$$$",
          "FREE!!!",
          "naïve",
          "I'm",
          "e-mail",
          "12,000.50",
          "日本語",
          "Ünï",
          "a\u0301b",
          "[SEP]",
          "[MASK]",
          "😀",
          "\u00a0",
          "--------------------",
          "x".repeat(150),
          "donaudampfschifffahrtsgesellschaft",
          "\u200b");
  private static final List<String> GAPS = List.of(" ", "  ", "\n", "\t", " \n ", "\r\n", "");

  @TempDir static Path folder = Path.of("");
  static Path json = Path.of("");

  @BeforeAll
  static void unpack() throws IOException {
    json = folder.resolve("tokenizer.json");
    try (var in =
        Objects.requireNonNull(
            TextTokenizerIT.class.getResourceAsStream("/all-minilm-l6-v2-tokenizer.json"))) {
      Files.copy(in, json);
    }
  }

  private static String text(RandomGenerator random, int words) {
    var text = new StringBuilder();
    for (int i = 0; i < words; i++) {
      text.append(PIECES.get(random.nextInt(PIECES.size())));
      text.append(GAPS.get(random.nextInt(GAPS.size())));
    }
    return text.toString();
  }

  /** What the reference gives without truncation, cut here. */
  private static int[] whole(HuggingFaceTokenizer reference, String text, int max) {
    int[] ids = Arrays.stream(reference.encode(text).getIds()).mapToInt(Math::toIntExact).toArray();
    if (ids.length <= max) {
      return ids;
    }
    int[] cut = Arrays.copyOf(ids, max);
    cut[max - 1] = ids[ids.length - 1];
    return cut;
  }

  private static HuggingFaceTokenizer reference() throws IOException {
    return HuggingFaceTokenizer.builder()
        .optTokenizerPath(json)
        .optTruncation(false)
        .optPadding(false)
        .build();
  }

  @Test
  void ids_areThoseOfBert() {
    var tokens = new TextTokenizer(json, 16).encode("Hello, world!", null);
    assertThat(tokens.ids()).containsExactly(101, 7592, 1010, 2088, 999, 102);
    assertThat(tokens.types()).isNull();
  }

  @Test
  void prefix_givesTheTokensOfTheWholeText() throws IOException {
    try (var reference = reference()) {
      for (int max : new int[] {4, 5, 16, 64}) {
        var tokenizer = new TextTokenizer(json, max);
        var random = Seeds.stream(1, "texts", max);
        for (int i = 0; i < 150; i++) {
          var text = text(random, random.nextInt(400));
          assertThat(tokenizer.encode(text, null).ids())
              .as(text)
              .isEqualTo(whole(reference, text, max));
        }
      }
    }
  }

  @Test
  void pair_losesTokensOfTheLongerTextFirst() {
    var tokens = new TextTokenizer(json, 8).encode("one two three four five six", "seven");
    assertThat(tokens.ids()).containsExactly(101, 2028, 2048, 2093, 2176, 102, 2698, 102);
    assertThat(tokens.types()).containsExactly(0, 0, 0, 0, 0, 0, 1, 1);
    var short1 = new TextTokenizer(json, 8).encode("one", "two");
    assertThat(short1.ids()).containsExactly(101, 2028, 102, 2048, 102);
  }

  @Test
  void emptyText_isItsSpecialTokens() {
    assertThat(new TextTokenizer(json, 8).encode("", null).ids()).containsExactly(101, 102);
  }

  @Test
  void threads_getTheSame() throws Exception {
    var tokenizer = new TextTokenizer(json, 32);
    var texts = IntStream.range(0, 60).mapToObj(i -> text(Seeds.stream(i, "t"), 100)).toList();
    var alone = texts.stream().map(t -> tokenizer.encode(t, null).ids()).toList();
    Callable<List<int[]>> all =
        () -> texts.stream().map(t -> tokenizer.encode(t, null).ids()).toList();
    try (var threads = Executors.newFixedThreadPool(4)) {
      for (var answer : threads.invokeAll(List.of(all, all, all, all))) {
        assertThat(answer.get()).containsExactlyElementsOf(alone);
      }
    }
  }

  @Test
  void file_thatIsNoTokenizerIsRefused() throws IOException {
    var broken = Files.writeString(folder.resolve("broken.json"), "{\"model\": 1}");
    assertThatThrownBy(() -> new TextTokenizer(broken, 16))
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith(
            "tokenizer: " + broken + " (expected: a tokenizer.json of Hugging Face: ");
    assertThatThrownBy(() -> new TextTokenizer(json, 3))
        .hasMessage("tokens: 3 (expected: at least 4)");
  }

  private static TextShard shard(List<@Nullable String> pairs, String... texts) {
    var examples = new ArrayList<Example>();
    for (int i = 0; i < texts.length; i++) {
      examples.add(new Example(texts[i], pairs.get(i), i % 2, null));
    }
    var corpus = new Corpus(examples, List.of("a", "b"), "");
    int[] backwards = IntStream.range(0, texts.length).map(i -> texts.length - 1 - i).toArray();
    return new TextShard("device 0", corpus, backwards, new TextTokenizer(json, 16));
  }

  @Test
  void batch_isPaddedToItsLongest() {
    var none = Arrays.<@Nullable String>asList(null, null, null);
    var shard = shard(none, "world", "hello", "hello world hello world");
    assertThat(shard.size()).isEqualTo(3);
    var batch = shard.batch(new int[] {2, 1});
    var tokens = (Inputs.Tokens) batch.inputs();
    assertThat(tokens.width()).isEqualTo(3);
    assertThat(tokens.ids()).containsExactly(101, 2088, 102, 101, 7592, 102);
    assertThat(batch.labels()).containsExactly(0, 1);
    tokens = (Inputs.Tokens) shard.batch(new int[] {0, 2}).inputs();
    assertThat(tokens.ids())
        .containsExactly(101, 7592, 2088, 7592, 2088, 102, 101, 2088, 102, 0, 0, 0);
    assertThat(tokens.lengths()).containsExactly(6, 3);
    assertThat(tokens.types()).containsOnly(0);
  }

  @Test
  void batch_ofPairsHasTypes() {
    var shard = shard(List.of("world", "hello hello"), "hello", "world");
    var tokens = (Inputs.Tokens) shard.batch(new int[] {0, 1}).inputs();
    assertThat(tokens.ids())
        .containsExactly(101, 2088, 102, 7592, 7592, 102, 101, 7592, 102, 2088, 102, 0);
    assertThat(tokens.types()).containsExactly(0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0);
  }

  @Test
  void shard_emptyIsRefused() {
    assertThatThrownBy(() -> shard(List.of()))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "shard of device 0: 0 examples (expected: at least one; lower the number of devices or"
                + " raise the partition's minimum)");
  }
}
