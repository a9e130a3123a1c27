package dev.anabranch.data.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/**
 * Whether a tokenizer never looks beyond white space: then the tokens of a text begin with the
 * tokens of its first words. Decided by the parts that its file names; an unknown part counts as
 * one that does look.
 */
public final class WordLocal {
  private static final Set<String> NORMALIZERS =
      Set.of("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents");
  private static final Set<String> SPLITTERS =
      Set.of("BertPreTokenizer", "Whitespace", "WhitespaceSplit");
  private static final Set<String> HARMLESS = Set.of("Punctuation", "Digits", "ByteLevel");

  private WordLocal() {}

  /** Reads the content of a {@code tokenizer.json}. */
  public static boolean of(JsonNode tokenizer) {
    for (var token : tokenizer.path("added_tokens")) {
      if (token.path("content").asText().chars().anyMatch(Character::isWhitespace)) {
        return false;
      }
    }
    return normalizes(tokenizer.path("normalizer")) && splits(tokenizer.path("pre_tokenizer"));
  }

  private static boolean normalizes(JsonNode part) {
    if (part.path("type").asText().equals("Sequence")) {
      return all(part.path("normalizers"), NORMALIZERS);
    }
    return part.isMissingNode() || part.isNull() || is(part, NORMALIZERS);
  }

  private static boolean splits(JsonNode part) {
    if (part.path("type").asText().equals("Sequence")) {
      var first = part.path("pretokenizers").path(0);
      for (var p : part.path("pretokenizers")) {
        if (!is(p, SPLITTERS) && !is(p, HARMLESS)) {
          return false;
        }
      }
      return splits(first);
    }
    boolean bytes = part.path("type").asText().equals("ByteLevel");
    return is(part, SPLITTERS) || (bytes && part.path("use_regex").asBoolean(true));
  }

  private static boolean all(JsonNode parts, Set<String> types) {
    for (var p : parts) {
      if (!is(p, types)) {
        return false;
      }
    }
    return true;
  }

  private static boolean is(JsonNode part, Set<String> types) {
    return types.contains(part.path("type").asText());
  }
}
