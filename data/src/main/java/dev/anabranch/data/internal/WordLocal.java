package dev.anabranch.data.internal;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Whether a tokenizer never looks beyond white space: then the tokens of a text begin with the
 * tokens of its first words. Decided by the parts that its file names; an unknown part counts as
 * one that does look.
 */
public final class WordLocal {
  private static final Set<String> PARTS = Set.of("added_tokens", "normalizer", "pre_tokenizer");
  private static final Set<String> NORMALIZERS =
      Set.of("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents");
  private static final Set<String> SPLITTERS =
      Set.of("BertPreTokenizer", "Whitespace", "WhitespaceSplit");
  private static final Set<String> HARMLESS = Set.of("Punctuation", "Digits", "ByteLevel");

  private WordLocal() {}

  /**
   * Reads the content of a {@code tokenizer.json}, but not its vocabulary.
   *
   * @throws IOException if it is not a JSON object
   */
  public static boolean of(String tokenizerJson) throws IOException {
    var mapper = new JsonMapper();
    Map<String, JsonNode> parts = new HashMap<>();
    try (var parser = mapper.createParser(tokenizerJson)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      while (parts.size() < PARTS.size() && parser.nextToken() == JsonToken.FIELD_NAME) {
        var name = parser.currentName();
        parser.nextToken();
        if (PARTS.contains(name)) {
          parts.put(name, mapper.readTree(parser));
        } else {
          parser.skipChildren();
        }
      }
    }
    for (var token : part(parts, "added_tokens")) {
      if (token.path("content").asText().chars().anyMatch(Character::isWhitespace)) {
        return false;
      }
    }
    return normalizes(part(parts, "normalizer")) && splits(part(parts, "pre_tokenizer"));
  }

  private static JsonNode part(Map<String, JsonNode> parts, String name) {
    return parts.getOrDefault(name, MissingNode.getInstance());
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
