package dev.anabranch.data.internal;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A tokenizer of Hugging Face's own library, freed when it becomes unreachable. Pads nothing and
 * cuts nothing unless told to. Thread-safe.
 */
public final class NativeTokenizer {
  private static final Cleaner CLEANER = Cleaner.create();

  private final TokenizersLibrary library;
  private final long handle;

  /** Ids, and for each the text of the pair that it belongs to. */
  public record Pair(int[] ids, int[] types) {}

  private NativeTokenizer(TokenizersLibrary library, long handle) {
    this.library = library;
    this.handle = handle;
    library.disablePadding(handle);
    library.disableTruncation(handle);
    CLEANER.register(this, () -> TokenizersLibrary.LIB.deleteTokenizer(handle));
  }

  /** The text of a {@code tokenizer.json}. */
  public static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw refused(file, e);
    }
  }

  /**
   * Makes the tokenizer.
   *
   * @param file for messages
   * @throws AnabranchException MODEL if the text is no tokenizer
   */
  public static NativeTokenizer of(Path file, String json) {
    try {
      var library = library();
      return new NativeTokenizer(library, library.createTokenizerFromString(json));
    } catch (RuntimeException e) {
      throw refused(file, e);
    }
  }

  /** What to throw for a file that is no tokenizer. */
  public static AnabranchException refused(Path file, Exception e) {
    return new AnabranchException(
        Failure.MODEL,
        "tokenizer: "
            + file
            + " (expected: a tokenizer.json of Hugging Face: "
            + e.getMessage()
            + ")",
        e);
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

  /** Cuts everything from now on at the end, pairs at the longer of their texts first. */
  public void truncate(int maxTokens) {
    library.setTruncation(handle, maxTokens, "LONGEST_FIRST", 0);
  }

  /**
   * Ids of a text.
   *
   * @param framed whether the tokens that stand around every text are added
   */
  public int[] encode(String text, boolean framed) {
    return ids(library.encode(handle, text, framed));
  }

  private int[] ids(long encoding) {
    try {
      return ints(library.getTokenIds(encoding));
    } finally {
      library.deleteEncoding(encoding);
      Reference.reachabilityFence(this);
    }
  }

  /** Ids of a pair of texts and what stands around them. */
  public Pair encode(String text, String pair) {
    long encoding = library.encodeDual(handle, text, pair, true);
    try {
      return new Pair(ints(library.getTokenIds(encoding)), ints(library.getTypeIds(encoding)));
    } finally {
      library.deleteEncoding(encoding);
      Reference.reachabilityFence(this);
    }
  }

  /**
   * The text of ids.
   *
   * @param special whether special tokens are written out
   */
  public String decode(int[] ids, boolean special) {
    try {
      return library.decode(
          handle, Arrays.stream(ids).mapToLong(Integer::toUnsignedLong).toArray(), !special);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private static int[] ints(long[] values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }
}
