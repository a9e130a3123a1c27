package dev.anabranch.data;

import dev.anabranch.core.Check;
import dev.anabranch.data.internal.NativeTokenizer;
import dev.anabranch.data.internal.WordLocal;
import java.io.IOException;
import java.nio.file.Path;
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

  private final NativeTokenizer library;
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
   * @throws dev.anabranch.core.AnabranchException if the file cannot be read or is no tokenizer
   */
  public TextTokenizer(Path tokenizerJson, int maxTokens) {
    Check.that(maxTokens >= 4, "tokens", maxTokens, "at least 4");
    this.maxTokens = maxTokens;
    var json = NativeTokenizer.read(tokenizerJson);
    try {
      wordLocal = WordLocal.of(json);
    } catch (IOException e) {
      throw NativeTokenizer.refused(tokenizerJson, e);
    }
    library = NativeTokenizer.of(tokenizerJson, json);
    library.truncate(maxTokens);
  }

  public int maxTokens() {
    return maxTokens;
  }

  /** The tokens of a text, or of a pair of texts. */
  public Tokens encode(String text, @Nullable String pair) {
    if (pair != null) {
      var both = library.encode(text, pair);
      return new Tokens(both.ids(), both.types());
    }
    int end = wordLocal ? cut(text, CHARACTERS_PER_TOKEN * maxTokens) : text.length();
    while (true) {
      var tokens = new Tokens(library.encode(text.substring(0, end), true), null);
      if (end == text.length() || tokens.ids.length >= maxTokens) {
        return tokens;
      }
      end = cut(text, 2 * end);
    }
  }

  /** The tokens of a text without special ones, as of the continuation of another; truncated. */
  public int[] words(String text) {
    return library.encode(text, false);
  }

  /** The text of tokens, without special ones. */
  public String decode(int[] ids) {
    return library.decode(ids, false);
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
}
