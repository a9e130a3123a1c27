package dev.anabranch.torch.files;

import dev.anabranch.core.Folklore;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer inside a GGUF file as Hugging Face's files: byte-pair encoding over bytes ({@code
 * gpt2}, with one of the known ways to cut text into words) or over characters with scores ({@code
 * llama}, as SentencePiece).
 */
@Folklore("tokenizer metadata of llama.cpp, llama-vocab.cpp")
final class GgufTokenizer {
  private static final String AT = "tokenizer.ggml.";
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER = 4;
  private static final int MAX_TOKEN = 1024;

  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  private static final String CASED = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
  private static final String REST =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  /** How text is cut into words, by the name that the file gives; the last regex comes last. */
  private static final Map<String, List<String>> WORDS =
      Map.ofEntries(
          Map.entry(
              "default", List.of("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]")),
          Map.entry("gpt-2", List.of(GPT2)),
          Map.entry("smollm", List.of("\\p{N}", GPT2)),
          Map.entry("starcoder", List.of("\\p{N}", GPT2)),
          Map.entry("refact", List.of("\\p{N}", GPT2)),
          Map.entry("command-r", List.of("\\p{N}", GPT2)),
          Map.entry("llama-bpe", List.of(CASED + "\\p{N}{1,3}" + REST)),
          Map.entry("qwen2", List.of(CASED + "\\p{N}" + REST)));

  private final Gguf file;
  private final List<String> tokens;
  private final int[] types;
  private final TokenizerJson json;

  private GgufTokenizer(Gguf file) {
    this.file = file;
    this.tokens = tokens(file);
    this.types = types(file, tokens.size());
    this.json = new TokenizerJson(tokens);
  }

  /** The texts of {@code tokenizer.json} and {@code tokenizer_config.json}, by name. */
  static Map<String, String> files(Gguf file) {
    return new GgufTokenizer(file).read();
  }

  private static List<String> tokens(Gguf file) {
    var array = file.array(AT + "tokens");
    if (array == null) {
      throw file.unsupported(AT + "tokens", "missing", "a model with its tokenizer");
    }
    var tokens = array.strings();
    var embedding = file.tensors().get("token_embd.weight");
    if (embedding != null
        && embedding.shape().length == 2
        && tokens.size() > embedding.shape()[0]) {
      throw file.broken(AT + "tokens", tokens.size(), "at most " + embedding.shape()[0]);
    }
    var seen = new HashSet<String>();
    for (var token : tokens) {
      if (token.length() > MAX_TOKEN) {
        throw file.broken("length of a token", token.length(), "at most " + MAX_TOKEN);
      }
      if (!seen.add(token)) {
        throw file.broken("token '" + token + "'", "twice", "once");
      }
    }
    return tokens;
  }

  private static int[] types(Gguf file, int size) {
    int[] types = new int[size];
    java.util.Arrays.fill(types, NORMAL);
    double[] given = numbers(file, "token_type", size);
    for (int i = 0; given != null && i < size; i++) {
      types[i] = (int) given[i];
    }
    return types;
  }

  private static double @Nullable [] numbers(Gguf file, String key, int size) {
    var array = file.array(AT + key);
    if (array == null) {
      return null;
    }
    if (array.size() != size) {
      throw file.broken(AT + key, array.size() + " values", size + ", one for each token");
    }
    return array.numbers();
  }

  private Map<String, String> read() {
    var model = String.valueOf(file.text(AT + "model"));
    for (int i = 0; i < types.length; i++) {
      if (types[i] == CONTROL || types[i] == UNKNOWN || types[i] == USER) {
        json.added(i, types[i] != USER);
      }
    }
    boolean scored = model.equals("llama");
    name("bos", "bos_token");
    name("eos", "eos_token");
    name("padding", "pad_token");
    name("unknown", "unk_token");
    json.frame(
        flag("add_bos_token", scored) ? id("bos") : List.of(),
        flag("add_eos_token", false) ? id("eos") : List.of());
    var template = file.text("tokenizer.chat_template");
    if (template != null) {
      json.set("chat_template", template);
    }
    return switch (model) {
      case "gpt2" -> bytes();
      case "llama" -> scored();
      default -> throw file.unsupported(AT + "model", model, "gpt2 (byte-pair) or llama (scores)");
    };
  }

  private boolean flag(String key, boolean standard) {
    return file.metadata().get(AT + key) instanceof Boolean given ? given : standard;
  }

  private List<Integer> id(String token) {
    var id = file.integer(AT + token + "_token_id");
    if (id == null) {
      return List.of();
    }
    if (id >= tokens.size()) {
      throw file.broken(AT + token + "_token_id", id, "below " + tokens.size());
    }
    return List.of(id);
  }

  private void name(String token, String key) {
    id(token).forEach(id -> json.set(key, tokens.get(id)));
  }

  private Map<String, String> bytes() {
    var given = file.text(AT + "pre");
    var name = given == null ? "default" : given;
    var words = WORDS.get(name);
    if (words == null) {
      throw file.unsupported(AT + "pre", name, "one of " + new java.util.TreeSet<>(WORDS.keySet()));
    }
    var parts = new ArrayList<Object>();
    words.forEach(regex -> parts.add(TokenizerJson.split(regex)));
    parts.add(byteLevel());
    if (name.equals("qwen2")) {
      json.put("normalizer", TokenizerJson.part("NFC"));
    }
    return json.put("pre_tokenizer", TokenizerJson.part("Sequence", "pretokenizers", parts))
        .put("decoder", byteLevel())
        .bpe(
            pairs(),
            "fuse_unk",
            false,
            "byte_fallback",
            false,
            "ignore_merges",
            name.equals("llama-bpe"));
  }

  private static Map<String, Object> byteLevel() {
    return TokenizerJson.part(
        "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", false);
  }

  private List<List<String>> pairs() {
    var merges = file.array(AT + "merges");
    if (merges == null) {
      throw file.broken(AT + "merges", "missing", "pairs of tokens");
    }
    var known = new HashSet<>(tokens);
    var out = new ArrayList<List<String>>();
    for (var merge : merges.strings()) {
      int space = merge.indexOf(' ', 1);
      var left = space < 0 ? "" : merge.substring(0, space);
      var right = space < 0 ? "" : merge.substring(space + 1);
      if (!known.contains(left) || !known.contains(right) || !known.contains(left + right)) {
        throw file.broken("merge '" + merge + "'", "not known", "two tokens that join to a third");
      }
      out.add(List.of(left, right));
    }
    return out;
  }

  private Map<String, String> scored() {
    double[] scores = numbers(file, "scores", tokens.size());
    if (scores == null) {
      throw file.broken(AT + "scores", "missing", "a number for each token");
    }
    boolean[] mergeable = new boolean[types.length];
    for (int i = 0; i < types.length; i++) {
      mergeable[i] = types[i] == NORMAL;
      if (Double.isNaN(scores[i])) {
        throw file.broken(AT + "scores", "NaN", "numbers");
      }
    }
    return sentencePiece(
        json, TokenizerJson.merges(tokens, scores, mergeable), flag("add_space_prefix", true), "▁");
  }

  /**
   * Ends a tokenizer whose tokens have a sign for a space, and tokens for bytes.
   *
   * @param spaced whether a space is put before each text
   * @param space the sign
   */
  static Map<String, String> sentencePiece(
      TokenizerJson json, List<List<String>> merges, boolean spaced, String space) {
    var before = new ArrayList<Object>();
    var after = new ArrayList<Object>();
    if (spaced) {
      before.add(TokenizerJson.part("Prepend", "prepend", space));
    }
    if (!space.equals(" ")) {
      before.add(replace(" ", space));
      after.add(replace(space, " "));
    }
    after.add(TokenizerJson.part("ByteFallback"));
    after.add(TokenizerJson.part("Fuse"));
    if (spaced) {
      after.add(TokenizerJson.part("Strip", "content", " ", "start", 1, "stop", 0));
    }
    return json.put("normalizer", TokenizerJson.part("Sequence", "normalizers", before))
        .put("decoder", TokenizerJson.part("Sequence", "decoders", after))
        .bpe(merges, "fuse_unk", true, "byte_fallback", true, "ignore_merges", false);
  }

  private static Map<String, Object> replace(String from, String to) {
    return TokenizerJson.part("Replace", "pattern", Map.of("String", from), "content", to);
  }
}
