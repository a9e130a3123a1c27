package dev.anabranch.torch.files;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a {@code tokenizer.json} and a {@code tokenizer_config.json} as Hugging Face's libraries
 * read them. Not thread-safe.
 */
final class TokenizerJson {
  static final String FILE = "tokenizer.json";
  static final String CONFIG = "tokenizer_config.json";

  private final List<String> tokens;
  private final List<Object> added = new ArrayList<>();
  private final Map<String, Object> root = new LinkedHashMap<>();
  private final Map<String, Object> config = new LinkedHashMap<>();

  /**
   * @param tokens the vocabulary in the order of its ids, each once
   */
  TokenizerJson(List<String> tokens) {
    this.tokens = tokens;
    root.put("version", "1.0");
  }

  /** A part of the tokenizer: its type, then keys and values in turn. */
  static Map<String, Object> part(String type, Object... keysAndValues) {
    var out = new LinkedHashMap<String, Object>();
    out.put("type", type);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      out.put(String.valueOf(keysAndValues[i]), keysAndValues[i + 1]);
    }
    return out;
  }

  /** Splits text before and after each match. */
  static Map<String, Object> split(String regex) {
    return part(
        "Split", "pattern", Map.of("Regex", regex), "behavior", "Isolated", "invert", false);
  }

  /** A token that text names literally. */
  TokenizerJson added(int id, boolean special) {
    var token = new LinkedHashMap<String, Object>();
    token.put("id", id);
    token.put("content", tokens.get(id));
    for (var flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
      token.put(flag, false);
    }
    token.put("special", special);
    added.add(token);
    return this;
  }

  /** One of {@code normalizer}, {@code pre_tokenizer} and {@code decoder}. */
  TokenizerJson put(String key, Map<String, Object> value) {
    root.put(key, value);
    return this;
  }

  /** A key of {@code tokenizer_config.json}. */
  TokenizerJson set(String key, Object value) {
    config.put(key, value);
    return this;
  }

  /** What stands before and after each text. */
  TokenizerJson frame(List<Integer> before, List<Integer> after) {
    if (before.isEmpty() && after.isEmpty()) {
      return this;
    }
    var special = new LinkedHashMap<String, Object>();
    var all = new ArrayList<>(before);
    all.addAll(after);
    for (int id : all) {
      var token = tokens.get(id);
      special.put(token, Map.of("id", token, "ids", List.of(id), "tokens", List.of(token)));
    }
    root.put(
        "post_processor",
        part(
            "TemplateProcessing",
            "single",
            template(before, after, "A"),
            "pair",
            template(before, after, "A", "B"),
            "special_tokens",
            special));
    return this;
  }

  private List<Object> template(List<Integer> before, List<Integer> after, String... texts) {
    var out = new ArrayList<Object>();
    for (int i = 0; i < texts.length; i++) {
      int type = i;
      before.forEach(id -> out.add(piece("SpecialToken", tokens.get(id), type)));
      out.add(piece("Sequence", texts[i], type));
      after.forEach(id -> out.add(piece("SpecialToken", tokens.get(id), type)));
    }
    return out;
  }

  private static Map<String, Object> piece(String kind, String id, int type) {
    return Map.of(kind, Map.of("id", id, "type_id", type));
  }

  /**
   * Ends with a byte-pair model.
   *
   * @param merges pairs, the one that is merged first before the others
   * @param more further keys of the model and their values in turn
   */
  Map<String, String> bpe(List<List<String>> merges, Object... more) {
    root.put("added_tokens", added);
    var vocabulary = new LinkedHashMap<String, Object>();
    for (int i = 0; i < tokens.size(); i++) {
      vocabulary.put(tokens.get(i), i);
    }
    var model = part("BPE", more);
    if (Boolean.TRUE.equals(model.get("byte_fallback")) && config.containsKey("unk_token")) {
      model.put("unk_token", String.valueOf(config.get("unk_token")));
    }
    model.put("vocab", vocabulary);
    model.put("merges", merges);
    root.put("model", model);
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    config.put("clean_up_tokenization_spaces", false);
    return Map.of(FILE, Json.text(root), CONFIG, Json.text(config));
  }

  /**
   * The merges that a vocabulary with scores stands for: of all pairs of neighbours whose join is a
   * token, the one with the highest score is merged first.
   *
   * @param mergeable whether a token can come of a merge
   */
  static List<List<String>> merges(List<String> tokens, double[] scores, boolean[] mergeable) {
    var ids = new HashMap<String, Integer>();
    for (int i = 0; i < tokens.size(); i++) {
      if (mergeable[i]) {
        ids.put(tokens.get(i), i);
      }
    }
    record Merge(String left, String right, int token, int leftId, int rightId) {}
    var all = new ArrayList<Merge>();
    ids.forEach((token, id) -> {
      for (int at = 1; at < token.length(); at++) {
        if (Character.isLowSurrogate(token.charAt(at))) {
          continue;
        }
        var left = token.substring(0, at);
        var right = token.substring(at);
        if (ids.containsKey(left) && ids.containsKey(right)) {
          all.add(
              new Merge(left, right, id, ids.getOrDefault(left, 0), ids.getOrDefault(right, 0)));
        }
      }
    });
    all.sort(
        Comparator.comparingDouble((Merge merge) -> -scores[merge.token])
            .thenComparingInt(Merge::token)
            .thenComparingInt(Merge::leftId)
            .thenComparingInt(Merge::rightId));
    return all.stream().map(merge -> List.of(merge.left, merge.right)).toList();
  }
}
