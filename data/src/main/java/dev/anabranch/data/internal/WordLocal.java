package dev.anabranch.data.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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
   * Reads the content of a {@code tokenizer.json} as far as these parts need it: the vocabulary
   * comes last.
   *
   * @throws IOException if it is not a JSON object
   */
  public static boolean of(String tokenizerJson) throws IOException {
    Map<String, Object> parts = new HashMap<>();
    try (var parser = new JsonFactory().createParser(tokenizerJson)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      while (parts.size() < PARTS.size() && parser.nextToken() == JsonToken.FIELD_NAME) {
        var name = parser.currentName();
        parser.nextToken();
        if (PARTS.contains(name)) {
          parts.put(name, value(parser));
        } else {
          parser.skipChildren();
        }
      }
    }
    for (var token : list(parts.get("added_tokens"))) {
      if (text(token, "content").chars().anyMatch(Character::isWhitespace)) {
        return false;
      }
    }
    return normalizes(parts.get("normalizer")) && splits(parts.get("pre_tokenizer"));
  }

  /** A map, a list, or the text of anything else. */
  private static Object value(JsonParser parser) throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      Map<String, Object> map = new HashMap<>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        var name = parser.currentName();
        parser.nextToken();
        map.put(name, value(parser));
      }
      return map;
    }
    if (parser.currentToken() == JsonToken.START_ARRAY) {
      List<Object> list = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        list.add(value(parser));
      }
      return list;
    }
    return parser.getText();
  }

  private static boolean normalizes(@Nullable Object part) {
    if (text(part, "type").equals("Sequence")) {
      return list(field(part, "normalizers")).stream().allMatch(p -> is(p, NORMALIZERS));
    }
    return part == null || part.equals("null") || is(part, NORMALIZERS);
  }

  private static boolean splits(@Nullable Object part) {
    if (text(part, "type").equals("Sequence")) {
      var parts = list(field(part, "pretokenizers"));
      return !parts.isEmpty()
          && splits(parts.getFirst())
          && parts.stream().allMatch(p -> is(p, SPLITTERS) || is(p, HARMLESS));
    }
    boolean bytes = text(part, "type").equals("ByteLevel");
    return is(part, SPLITTERS) || (bytes && !text(part, "use_regex").equals("false"));
  }

  private static boolean is(@Nullable Object part, Set<String> types) {
    return types.contains(text(part, "type"));
  }

  private static @Nullable Object field(@Nullable Object part, String name) {
    return part instanceof Map<?, ?> map ? map.get(name) : null;
  }

  private static String text(@Nullable Object part, String name) {
    return field(part, name) instanceof String text ? text : "";
  }

  private static List<?> list(@Nullable Object value) {
    return value instanceof List<?> list ? list : List.of();
  }
}
