package dev.anabranch.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.data.internal.Jinja;
import dev.anabranch.data.internal.NativeTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer of a language model: text to ids and back, the special tokens, and the text that
 * stands for a conversation. Reads {@code tokenizer.json} and, beside it, {@code
 * tokenizer_config.json} and {@code chat_template.jinja} as Hugging Face writes them. Immutable;
 * safe from any thread.
 */
public final class Tokenizer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> SPECIAL =
      List.of("bos_token", "eos_token", "pad_token", "unk_token");

  private final NativeTokenizer library;
  private final Map<String, Integer> vocabulary;
  private final Map<String, String> special;
  private final @Nullable String template;

  /**
   * One turn of a conversation.
   *
   * @param role {@code system}, {@code user} or {@code assistant}
   */
  public record Message(String role, String content) {}

  private Tokenizer(
      NativeTokenizer library,
      Map<String, Integer> vocabulary,
      Map<String, String> special,
      @Nullable String template) {
    this.library = library;
    this.vocabulary = vocabulary;
    this.special = special;
    this.template = template;
  }

  /**
   * Reads a tokenizer.
   *
   * @param tokenizerJson the file
   * @throws AnabranchException MODEL if a file cannot be read or is no tokenizer
   */
  public static Tokenizer open(Path tokenizerJson) {
    var json = NativeTokenizer.read(tokenizerJson);
    var library = NativeTokenizer.of(tokenizerJson, json);
    var vocabulary = vocabulary(tree(tokenizerJson, json));
    var beside = tokenizerJson.resolveSibling("tokenizer_config.json");
    var config =
        Files.isRegularFile(beside) ? tree(beside, NativeTokenizer.read(beside)) : JSON.nullNode();
    var special = new LinkedHashMap<String, String>();
    for (var name : SPECIAL) {
      var token = config.path(name);
      var text = token.isTextual() ? token : token.path("content");
      if (text.isTextual()) {
        special.put(name, text.asText());
      }
    }
    var file = tokenizerJson.resolveSibling("chat_template.jinja");
    var template = config.path("chat_template");
    return new Tokenizer(
        library,
        vocabulary,
        special,
        Files.isRegularFile(file)
            ? NativeTokenizer.read(file)
            : template.isTextual() ? template.asText() : null);
  }

  private static JsonNode tree(Path file, String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new AnabranchException(
          Failure.MODEL, file + ": " + e.getOriginalMessage() + " (expected: JSON)", e);
    } catch (IOException e) {
      throw NativeTokenizer.refused(file, e);
    }
  }

  private static Map<String, Integer> vocabulary(JsonNode root) {
    var out = new HashMap<String, Integer>();
    var vocabulary = root.path("model").path("vocab");
    vocabulary.properties().forEach(e -> out.put(e.getKey(), e.getValue().asInt()));
    for (int i = 0; vocabulary.isArray() && i < vocabulary.size(); i++) { // Unigram: [token, score]
      out.put(vocabulary.get(i).path(0).asText(), i);
    }
    for (var added : root.path("added_tokens")) {
      out.put(added.path("content").asText(), added.path("id").asInt());
    }
    return Map.copyOf(out);
  }

  /** Ids of a text, with the tokens that stand around every text, such as one that begins it. */
  public int[] encode(String text) {
    return library.encode(text, true);
  }

  /** Ids of a text alone, such as one that a chat template made or that is to follow another. */
  public int[] encodeBare(String text) {
    return library.encode(text, false);
  }

  /** The text of ids, special tokens left out. */
  public String decode(int... ids) {
    return library.decode(ids, false);
  }

  /** The text of ids, special tokens written out. */
  public String decodeAll(int... ids) {
    return library.decode(ids, true);
  }

  /** Tokens by their text; two tokenizers with equal maps give ids of the same meaning. */
  public Map<String, Integer> vocabulary() {
    return vocabulary;
  }

  /** The token that begins a text. */
  public OptionalInt bos() {
    return id("bos_token");
  }

  /** The token that ends a text. */
  public OptionalInt eos() {
    return id("eos_token");
  }

  /** The token that fills a batch. */
  public OptionalInt pad() {
    return id("pad_token");
  }

  private OptionalInt id(String name) {
    var token = special.get(name);
    var id = token == null ? null : vocabulary.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /**
   * The text of a conversation by the model's chat template; for {@link #encodeBare}.
   *
   * @param prompting whether the text ends where the model's answer begins
   * @throws AnabranchException MODEL if there is no template, or it uses what is not supported or
   *     refuses the messages
   */
  public String chat(List<Message> messages, boolean prompting) {
    if (template == null) {
      throw AnabranchException.expected(
          Failure.MODEL, "chat template", "missing", "a model that was tuned for conversations");
    }
    var names = new HashMap<String, Object>();
    names.put(
        "messages",
        messages.stream()
            .map(message -> Map.of("role", message.role(), "content", message.content()))
            .toList());
    names.put("add_generation_prompt", prompting);
    names.putAll(special);
    return Jinja.render(template, names);
  }
}
