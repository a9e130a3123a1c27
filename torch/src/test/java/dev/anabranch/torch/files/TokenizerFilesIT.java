package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.anabranch.core.AnabranchException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Hugging Face's library makes of the files that are written. */
class TokenizerFilesIT {
  private static final List<String> WORDS =
      List.of(
          " ", "a", "b", "c", "é", "aa", "ab", " a", "bc", "abc", " ab", "ca", "aab", "aaaa",
          "cab");

  @TempDir Path folder;

  private static long[] ids(String json, String text) {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
    LibUtils.checkStatus();
    var library = TokenizersLibrary.LIB;
    long handle = library.createTokenizerFromString(json);
    try {
      long encoding = library.encode(handle, text, true);
      try {
        return library.getTokenIds(encoding);
      } finally {
        library.deleteEncoding(encoding);
      }
    } finally {
      library.deleteTokenizer(handle);
    }
  }

  private static String text(String json, long... ids) {
    var library = TokenizersLibrary.LIB;
    long handle = library.createTokenizerFromString(json);
    try {
      return library.decode(handle, ids, true);
    } finally {
      library.deleteTokenizer(handle);
    }
  }

  private static byte[] llama2c() {
    var out = new ByteArrayOutputStream();
    out.writeBytes(GgufBytes.le(4, 4));
    for (int i = 0; i < 259; i++) {
      word(out, 0, i == 0 ? "<unk>" : i < 3 ? "\n<s>\n" : String.format("<0x%02X>", i - 3));
    }
    for (int i = 0; i < WORDS.size(); i++) {
      word(out, -(i * 7 % WORDS.size()), WORDS.get(i));
    }
    return out.toByteArray();
  }

  private static void word(ByteArrayOutputStream out, float score, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(GgufBytes.le(4, Float.floatToIntBits(score)));
    out.writeBytes(GgufBytes.le(4, utf8.length));
    out.writeBytes(utf8);
  }

  private static Map<String, String> files(byte[] tokenizer) throws IOException {
    var file = Files.createTempFile("tok", ".bin");
    try {
      return Llama2cTokenizer.files(Files.write(file, tokenizer));
    } finally {
      Files.delete(file);
    }
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings().withChars('a', 'b', 'c', ' ', 'é', 'ü', '\n').ofMaxLength(30);
  }

  /** The loop of llama2.c, run.c, encode(): the best pair is merged until there is none. */
  @Property(tries = 500)
  void mergesAsTheReferenceLoop(@ForAll("texts") String text) throws Exception {
    var found = ids(files(llama2c()).get("tokenizer.json"), text);
    assertThat(found).containsExactly(reference(text));
  }

  private static long[] reference(String text) {
    var ids = new HashMap<String, Integer>();
    for (int i = 0; i < WORDS.size(); i++) {
      ids.put(WORDS.get(i), 259 + i);
    }
    var tokens = new ArrayList<Integer>();
    var all = text.isEmpty() ? "" : " " + text;
    all.codePoints()
        .forEach(c -> {
          var id = ids.get(Character.toString(c));
          if (id != null) {
            tokens.add(id);
          } else {
            for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
              tokens.add((b & 0xff) + 3);
            }
          }
        });
    while (true) {
      int best = -1;
      int score = Integer.MIN_VALUE;
      for (int i = 0; i + 1 < tokens.size(); i++) {
        var joined = ids.get(word(tokens.get(i)) + word(tokens.get(i + 1)));
        if (joined != null && -((joined - 259) * 7 % WORDS.size()) > score) {
          score = -((joined - 259) * 7 % WORDS.size());
          best = i;
        }
      }
      if (best < 0) {
        break;
      }
      tokens.set(best, ids.get(word(tokens.get(best)) + word(tokens.remove(best + 1))));
    }
    tokens.addFirst(1);
    return tokens.stream().mapToLong(Integer::longValue).toArray();
  }

  private static String word(int id) {
    return id < 259 ? "\0" : WORDS.get(id - 259);
  }

  @Test
  void decodesBytesAndLeavesTheFirstSpaceOut() throws Exception {
    var json = files(llama2c()).get("tokenizer.json");
    assertThat(text(json, ids(json, "ab ü\nc"))).isEqualTo("ab ü\nc");
    assertThat(files(llama2c()).get("tokenizer_config.json"))
        .contains("\"bos_token\":\"<s>\"", "\"eos_token\":\"</s>\"");
  }

  @Test
  void aDamagedFileIsRefused() throws Exception {
    byte[] sound = llama2c();
    assertThatThrownBy(() -> files(Arrays.copyOf(sound, sound.length - 1)))
        .isInstanceOf(AnabranchException.class)
        .hasMessageContaining("token 273: ");
    assertThatThrownBy(() -> files(Arrays.copyOf(sound, 100)))
        .isInstanceOf(AnabranchException.class);
    assertThatThrownBy(() -> files(GgufBytes.join(sound, Arrays.copyOfRange(sound, 4, 100))))
        .isInstanceOf(AnabranchException.class);
  }

  private static GgufBytes gguf(String model, List<String> tokens, int... types) {
    return new GgufBytes()
        .put("tokenizer.ggml.model", model)
        .texts("tokenizer.ggml.tokens", tokens)
        .ints("tokenizer.ggml.token_type", types)
        .put("tokenizer.ggml.bos_token_id", 0)
        .put("tokenizer.ggml.eos_token_id", 0)
        .put("tokenizer.chat_template", "{{ messages }}");
  }

  private static GgufBytes bytePairs(String words) {
    return gguf(
            "gpt2",
            List.of("<|end|>", "a", "b", "Ġ", "1", "2", "ab", "Ġab", "12", "Ċ"),
            3,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1)
        .texts("tokenizer.ggml.merges", List.of("a b", "Ġ ab", "1 2"))
        .put("tokenizer.ggml.pre", words);
  }

  private String json(GgufBytes bytes) throws IOException {
    var file = Files.write(folder.resolve("m.gguf"), bytes.bytes());
    return TokenizerFiles.of(file).get("tokenizer.json");
  }

  @Test
  void bytePairsAreMergedWithinWords() throws Exception {
    assertThat(ids(json(bytePairs("gpt-2")), "ab ab12\n<|end|>a"))
        .containsExactly(6, 7, 8, 9, 0, 1);
    assertThat(ids(json(bytePairs("smollm")), "ab ab12")).containsExactly(6, 7, 4, 5);
    assertThat(ids(json(bytePairs("llama-bpe")), "ab ab12")).containsExactly(6, 7, 8);
    assertThat(ids(json(bytePairs("qwen2")), "ab ab12")).containsExactly(6, 7, 4, 5);
    assertThat(ids(json(bytePairs("default")), "ab ab12")).containsExactly(6, 7, 8);
    var json = json(bytePairs("smollm").put("tokenizer.ggml.add_bos_token", true));
    assertThat(ids(json, "ab")).containsExactly(0, 6);
    assertThat(text(json, 0, 6, 7, 9)).isEqualTo("ab ab\n");
  }

  @Test
  void scoredTokensAreMergedByScore() throws Exception {
    var bytes =
        gguf(
                "llama",
                List.of("<s>", "<unk>", "<0x21>", "▁", "a", "b", "▁a", "ab", "▁ab"),
                3,
                2,
                6,
                1,
                1,
                1,
                1,
                1,
                1)
            .put("tokenizer.ggml.unknown_token_id", 1)
            .floats("tokenizer.ggml.scores", 0, 0, 0, -9, -8, -7, -1, -2, -3);
    var json = json(bytes);
    assertThat(ids(json, "ab b!c")).containsExactly(0, 8, 3, 5, 2, 1);
    assertThat(text(json, 0, 8, 3, 5, 2)).isEqualTo("ab b!");
  }

  private void refused(GgufBytes bytes, String text) {
    assertThatThrownBy(() -> json(bytes))
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith("m.gguf: " + text);
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    refused(
        gguf("bert", List.of("a"), 1),
        "tokenizer.ggml.model: bert (expected: gpt2 (byte-pair) or llama (scores))");
    refused(
        bytePairs("viking"),
        "tokenizer.ggml.pre: viking (expected: one of [command-r, default, gpt-2, llama-bpe, qwen2,"
            + " refact, smollm, starcoder])");
    refused(
        new GgufBytes(), "tokenizer.ggml.tokens: missing (expected: a model with its tokenizer)");
    refused(
        gguf("gpt2", List.of("a", "b"), 1),
        "tokenizer.ggml.token_type: 1 values (expected: 2, one for each token)");
    refused(
        gguf("gpt2", List.of("a", "b"), 1, 1).texts("tokenizer.ggml.merges", List.of("a b")),
        "merge 'a b': not known (expected: two tokens that join to a third)");
    refused(gguf("gpt2", List.of("a", "a"), 1, 1), "token 'a': twice (expected: once)");
  }

  @Test
  void writesBothFiles() throws Exception {
    var file = Files.write(folder.resolve("m.gguf"), bytePairs("smollm").bytes());
    var json = TokenizerFiles.write(file, folder.resolve("tokenizer"));
    assertThat(json).exists();
    assertThat(Files.readString(json.resolveSibling("tokenizer_config.json")))
        .contains("\"bos_token\":\"<|end|>\"", "\"chat_template\":\"{{ messages }}\"");
    var model = Files.write(folder.resolve("m.bin"), new byte[28]);
    assertThatThrownBy(() -> TokenizerFiles.of(model)).isInstanceOf(AnabranchException.class);
  }

  @Provide
  Arbitrary<Fuzz.Damage> damage() {
    return Fuzz.damage();
  }

  @Property(tries = 500)
  void aDamagedTokenizerIsReadOrRefused(@ForAll("damage") Fuzz.Damage damage) {
    Fuzz.survives(
        damage.to(bytePairs("smollm").bytes()),
        mapped -> assertThat(GgufTokenizer.files(new Gguf(mapped))).hasSize(2));
    Fuzz.survives(
        damage.to(llama2c()), mapped -> assertThat(Llama2cTokenizer.read(mapped)).hasSize(2));
  }
}
