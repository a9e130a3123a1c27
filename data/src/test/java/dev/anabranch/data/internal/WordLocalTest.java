package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordLocalTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'type':'BertNormalizer'}|{'type':'BertPreTokenizer'}|true",
        "null|{'type':'Whitespace'}|true",
        "null|{'type':'ByteLevel','use_regex':true}|true",
        "null|{'type':'ByteLevel','use_regex':false}|false",
        "null|{'type':'Metaspace'}|false",
        "null|null|false",
        "{'type':'Replace'}|{'type':'BertPreTokenizer'}|false",
        "{'type':'Sequence','normalizers':[{'type':'NFD'},{'type':'Lowercase'}]}"
            + "|{'type':'WhitespaceSplit'}|true",
        "{'type':'Sequence','normalizers':[{'type':'NFD'},{'type':'Nmt'}]}"
            + "|{'type':'WhitespaceSplit'}|false",
        "null|{'type':'Sequence','pretokenizers':[{'type':'Whitespace'},{'type':'Punctuation'}]}|true",
        "null|{'type':'Sequence','pretokenizers':[{'type':'Punctuation'}]}|false",
        "null|{'type':'Sequence','pretokenizers':[{'type':'Whitespace'},{'type':'Split'}]}|false",
      })
  void parts_decide(String normalizer, String splitter, boolean local) throws IOException {
    var json =
        "{'model':{'vocab':{'a':1}},'added_tokens':[{'content':'[CLS]'}],'normalizer':%s,'pre_tokenizer':%s}";
    assertThat(WordLocal.of(json.formatted(normalizer, splitter).replace('\'', '"')))
        .isEqualTo(local);
  }

  @Test
  void addedToken_withWhiteSpaceLooksBeyondIt() throws IOException {
    var json = "{'added_tokens':[{'content':'a b'}],'pre_tokenizer':{'type':'Whitespace'}}";
    assertThat(WordLocal.of(json.replace('\'', '"'))).isFalse();
  }

  @Test
  void other_isRefused() {
    assertThatThrownBy(() -> WordLocal.of("[]")).hasMessage("not a JSON object");
  }
}
