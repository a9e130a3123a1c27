package dev.anabranch.data;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.data.internal.WordLocal;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Turns text into token ids by a {@code tokenizer.json} of Hugging Face, in their own
 * implementation. Special tokens are added; longer inputs are truncated at the end, pairs at the
 * longer of their texts first. Thread-safe.
 *
 * <p>Of a long text only as much is read as the result needs: a tokenizer that never looks beyond
 * white space gives the same first tokens for a text and for its first words.
 */
public final class TextTokenizer {
  /** First guess at how much text a token takes; too little costs another try. */
  private static final int CHARACTERS_PER_TOKEN = 6;

  private static final Cleaner CLEANER = Cleaner.create();

  private final TokenizersLibrary library;
  private final long handle;
  private final int maxTokens;
  private final boolean wordLocal;

  /**
   * The tokens of one input.
   *
   * @param ids token ids, special tokens among them
   * @param types 0 for the first text and 1 for the second; null if all are 0
   */
  public record Tokens(int[] ids, int @Nullable [] types) {}

  /**
   * Reads a tokenizer.
   *
   * @param tokenizerJson the file
   * @param maxTokens the most tokens of an input, special tokens among them; at least 4
   * @throws AnabranchException if the file cannot be read or is no tokenizer
   */
  public TextTokenizer(Path tokenizerJson, int maxTokens) {
    Check.that(maxTokens >= 4, "tokens", maxTokens, "at least 4");
    this.maxTokens = maxTokens;
    try {
      var json = Files.readString(tokenizerJson);
      wordLocal = WordLocal.of(json);
      library = library();
      handle = library.createTokenizerFromString(json);
    } catch (IOException | RuntimeException e) {
      throw new AnabranchException(
          Failure.MODEL,
          "tokenizer: "
              + tokenizerJson
              + " (expected: a tokenizer.json of Hugging Face: "
              + e.getMessage()
              + ")",
          e);
    }
    library.disablePadding(handle);
    library.setTruncation(handle, maxTokens, "LONGEST_FIRST", 0);
    long freed = handle;
    CLEANER.register(this, () -> TokenizersLibrary.LIB.deleteTokenizer(freed));
  }

  /**
   * The native library comes with the jar: nothing is fetched, and no accelerator is looked for.
   */
  private static TokenizersLibrary library() {
    System.setProperty("ai.djl.offline", System.getProperty("ai.djl.offline", "true"));
    System.setProperty("RUST_FLAVOR", System.getProperty("RUST_FLAVOR", "cpu"));
    LibUtils.checkStatus();
    return TokenizersLibrary.LIB;
  }

  public int maxTokens() {
    return maxTokens;
  }

  /** The tokens of a text, or of a pair of texts. */
  public Tokens encode(String text, @Nullable String pair) {
    if (pair != null) {
      return read(library.encodeDual(handle, text, pair, true), true);
    }
    int end = wordLocal ? cut(text, CHARACTERS_PER_TOKEN * maxTokens) : text.length();
    while (true) {
      var tokens = read(library.encode(handle, text.substring(0, end), true), false);
      if (end == text.length() || tokens.ids.length >= maxTokens) {
        return tokens;
      }
      end = cut(text, 2 * end);
    }
  }

  /** The tokens of a text without special ones, as of the continuation of another; truncated. */
  public int[] words(String text) {
    return read(library.encode(handle, text, false), false).ids;
  }

  /** The text of tokens, without special ones. */
  public String decode(int[] ids) {
    try {
      return library.decode(handle, Arrays.stream(ids).asLongStream().toArray(), true);
    } finally {
      java.lang.ref.Reference.reachabilityFence(this);
    }
  }

  /**
   * The end of a word at or after a position: white space follows it, and none comes just before.
   */
  private static int cut(String text, int from) {
    for (int i = Math.max(1, from); i < text.length(); i++) {
      if (isBlank(text.charAt(i)) && !isBlank(text.charAt(i - 1))) {
        return i;
      }
    }
    return text.length();
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\n' || c == '\t';
  }

  private Tokens read(long encoding, boolean pair) {
    try {
      int[] ids = ints(library.getTokenIds(encoding));
      return new Tokens(ids, pair ? ints(library.getTypeIds(encoding)) : null);
    } finally {
      library.deleteEncoding(encoding);
      java.lang.ref.Reference.reachabilityFence(this);
    }
  }

  private static int[] ints(long[] values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }
}
