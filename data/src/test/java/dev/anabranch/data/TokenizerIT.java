package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.data.Tokenizer.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tokenizer of a few byte pairs, with the files that stand beside one. */
class TokenizerIT {
  private static final String JSON =
      """
      {"version": "1.0",
       "added_tokens": [{"id": 0, "content": "<s>", "single_word": false, "lstrip": false,
         "rstrip": false, "normalized": false, "special": true}],
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
         "use_regex": true},
       "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
         "use_regex": true},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
           {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
       "model": {"type": "BPE", "vocab": {"<s>": 0, "a": 1, "b": 2, "Ġ": 3, "ab": 4},
         "merges": [["a", "b"]]}}
      """;

  @TempDir Path folder;

  private Tokenizer tokenizer(String config) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), config);
    return Tokenizer.open(Files.writeString(folder.resolve("tokenizer.json"), JSON));
  }

  @Test
  void encodesAndDecodes() throws Exception {
    var tokenizer = tokenizer("{}");
    assertThat(tokenizer.encode("ab ba")).containsExactly(0, 4, 3, 2, 1);
    assertThat(tokenizer.encodeBare("<s>ab")).containsExactly(0, 4);
    assertThat(tokenizer.decode(0, 4, 3, 2, 1)).isEqualTo("ab ba");
    assertThat(tokenizer.decodeAll(0, 4)).isEqualTo("<s>ab");
    assertThat(tokenizer.vocabulary()).hasSize(5).containsEntry("ab", 4);
    assertThat(tokenizer.bos()).isEmpty();
  }

  @Test
  void readsTheFilesBesideIt() throws Exception {
    var config =
        """
        {"bos_token": "<s>", "eos_token": {"content": "b"}, "pad_token": null,
         "chat_template": "{{ bos_token }}{% for m in messages %}{{ m.role + ':' + m['content'] }}\
        {% endfor %}{% if add_generation_prompt %}>{% endif %}"}
        """;
    var tokenizer = tokenizer(config);
    assertThat(tokenizer.bos()).hasValue(0);
    assertThat(tokenizer.eos()).hasValue(2);
    assertThat(tokenizer.pad()).isEmpty();
    var messages = List.of(new Message("user", "a"), new Message("assistant", "b"));
    assertThat(tokenizer.chat(messages, true)).isEqualTo("<s>user:aassistant:b>");
    Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages[0].content }}");
    assertThat(tokenizer(config).chat(messages, false)).isEqualTo("a");
  }

  @Test
  void whatIsMissingOrBrokenIsNamed() throws Exception {
    assertThatThrownBy(() -> tokenizer("{}").chat(List.of(), true))
        .hasMessage("chat template: missing (expected: a model that was tuned for conversations)");
    assertThatThrownBy(() -> tokenizer("{"))
        .isInstanceOf(AnabranchException.class)
        .hasMessageContaining("(expected: JSON)");
    var none = folder.resolve("none.json");
    assertThatThrownBy(() -> Tokenizer.open(none))
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith("tokenizer: " + none + " (expected: a tokenizer.json");
  }
}
