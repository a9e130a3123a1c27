package dev.anabranch.torch.files;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.anabranch.core.Folklore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * The tokenizer file of llama2.c as Hugging Face's files: the length of the longest token, then for
 * each a score, a length and its bytes. 0 is unknown, 1 begins and 2 ends a text, the next 256 are
 * single bytes.
 */
@Folklore("format of llama2.c, tokenizer.py, export")
final class Llama2cTokenizer {
  private static final int BYTES_FROM = 3;
  private static final int WORDS_FROM = BYTES_FROM + 256;
  private static final int MAX_TOKEN = 1024;

  private Llama2cTokenizer() {}

  /** The texts of {@code tokenizer.json} and {@code tokenizer_config.json}, by name. */
  static Map<String, String> files(Path path) {
    return Mapped.open(
        path,
        file -> {
          try (file) {
            return read(file);
          }
        });
  }

  static Map<String, String> read(Mapped file) {
    var bytes = file.bytes();
    var tokens = new ArrayList<String>();
    var scores = new ArrayList<Double>();
    var seen = new HashSet<String>();
    long at = 4;
    while (at < bytes.byteSize()) {
      if (bytes.byteSize() - at < 8) {
        throw file.broken("bytes after " + at, bytes.byteSize() - at, "at least 8");
      }
      double score = bytes.get(Values.FLOAT, at);
      int length = bytes.get(Values.INT, at + 4);
      long most = Math.min(MAX_TOKEN, bytes.byteSize() - at - 8);
      if (length < 0 || length > most || Double.isNaN(score)) {
        throw file.broken("token " + tokens.size(), score + ", " + length, "0 to " + most);
      }
      var text =
          new String(bytes.asSlice(at + 8, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
      var token = name(tokens.size(), text);
      if (!seen.add(token)) {
        throw file.broken("token '" + token + "'", "twice", "once");
      }
      tokens.add(token);
      scores.add(score);
      at += 8 + length;
    }
    if (tokens.size() < WORDS_FROM) {
      throw file.broken("tokens", tokens.size(), "at least " + WORDS_FROM);
    }
    boolean[] mergeable = new boolean[tokens.size()];
    java.util.Arrays.fill(mergeable, WORDS_FROM, mergeable.length, true);
    var json =
        new TokenizerJson(tokens)
            .added(0, true)
            .added(1, true)
            .added(2, true)
            .set("unk_token", tokens.get(0))
            .set("bos_token", tokens.get(1))
            .set("eos_token", tokens.get(2))
            .frame(List.of(1), List.of());
    double[] all = scores.stream().mapToDouble(Double::doubleValue).toArray();
    return GgufTokenizer.sentencePiece(
        json, TokenizerJson.merges(tokens, all, mergeable), true, " ");
  }

  /** The file surrounds some of the first names by line ends, for printing. */
  private static String name(int id, String text) {
    return switch (id) {
      case 0 -> "<unk>";
      case 1 -> "<s>";
      case 2 -> "</s>";
      default -> id < WORDS_FROM ? String.format("<0x%02X>", id - BYTES_FROM) : text;
    };
  }
}
