package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.torch.BertMacs;
import dev.anabranch.torch.ModelSource;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** The published models compute here what ONNX Runtime computes from the same file. */
class OnnxRuntimeIT {
  private static final String TEXT =
      """
      Federated learning keeps data where it was made.
      The quick brown fox jumps over the lazy dog.
      Hi!
      She sold seashells by the seashore, and nobody asked why.
      Water boils at a lower temperature on a mountain.
      Please find attached the invoice for the last quarter.
      Congratulations, you have won a prize! Click here to claim it now.
      The committee will meet again on Thursday at nine.
      Rain is expected in the north, with strong winds along the coast.
      He closed the book, looked up, and said nothing for a while.
      A transformer maps a sequence of vectors to another of the same length.
      Two plus two is four, minus one is three: quick maths.
      The museum is closed on Mondays.
      Could you send me the report before the end of the day?
      Bread, butter, cheese, apples, and a bottle of milk.
      The match ended in a draw after extra time.
      I have never seen such a beautiful sunset in my whole life.
      This film was far too long and its plot made no sense at all.
      An excellent meal, friendly service, and a fair price.
      The engine would not start, so they walked home.
      Prices rose by three per cent compared with last year.
      Mix the flour and the sugar, then add two eggs.
      The patient was discharged after a week of observation.
      Turn left at the church and follow the river.
      What is the capital of Australia?
      Naïve café owners déjà vu the façade.
      Numbers such as 3.14159 and 2,718 are split into pieces.
      antidisestablishmentarianism
      The old bridge was rebuilt in stone in 1732.
      Children played in the park until it was dark.
      It works on my machine.
      All happy families are alike; each unhappy family is unhappy in its own way.
      """;

  private static Inputs.Tokens tokens(ModelSource source) throws Exception {
    var options = Map.of("padding", "true", "truncation", "true", "maxLength", "64");
    try (var tokenizer = HuggingFaceTokenizer.newInstance(source.tokenizer(), options)) {
      var encoded = tokenizer.batchEncode(TEXT.lines().toArray(String[]::new));
      int t = encoded[0].getIds().length;
      int[] ids = new int[encoded.length * t];
      int[] lengths = new int[encoded.length];
      for (int i = 0; i < encoded.length; i++) {
        for (int k = 0; k < t; k++) {
          ids[i * t + k] = (int) encoded[i].getIds()[k];
          lengths[i] += (int) encoded[i].getAttentionMask()[k];
        }
      }
      return new Inputs.Tokens(ids, t, lengths, new int[ids.length]);
    }
  }

  private static float[][][] reference(ModelSource source, Inputs.Tokens tokens) throws Exception {
    int b = tokens.size();
    int t = tokens.width();
    long[] mask = new long[b * t];
    for (int i = 0; i < b; i++) {
      Arrays.fill(mask, i * t, i * t + tokens.lengths()[i], 1);
    }
    var all =
        Map.of(
            "input_ids",
            Arrays.stream(tokens.ids()).asLongStream().toArray(),
            "attention_mask",
            mask,
            "token_type_ids",
            new long[b * t]);
    var environment = OrtEnvironment.getEnvironment();
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (var session = environment.createSession(source.file().toString(), options)) {
        var in = new HashMap<String, OnnxTensor>();
        for (var name : session.getInputNames()) {
          var values = LongBuffer.wrap(Objects.requireNonNull(all.get(name)));
          in.put(name, OnnxTensor.createTensor(environment, values, new long[] {b, t}));
        }
        try (var out = session.run(in)) {
          return (float[][][]) out.get(0).getValue();
        } finally {
          in.values().forEach(OnnxTensor::close);
        }
      }
    }
  }

  private static double difference(BundledModel model, ScalarType type) throws Exception {
    var source = model.source(LibTorch.cache());
    var tokens = tokens(source);
    var expected = reference(source, tokens);
    try (var lanes = new LaneThreads(1);
        var checkpoint = Checkpoint.open(source.file())) {
      float[] found = lanes.run(() -> forward(checkpoint, type, tokens), false).value();
      int d = checkpoint.config().width();
      double worst = 0;
      for (int i = 0; i < tokens.size(); i++) {
        for (int k = 0; k < tokens.lengths()[i] * d; k++) {
          float other = expected[i][k / d][k % d];
          worst = Math.max(worst, Math.abs(found[i * tokens.width() * d + k] - other));
        }
      }
      return worst;
    }
  }

  private static float[] forward(Checkpoint checkpoint, ScalarType type, Inputs.Tokens tokens) {
    var config = checkpoint.config();
    var partition = Partition.whole(config.layers(), NodeId.Role.DEVICE);
    var specs =
        config
            .shapes(2)
            .trained(partition, partition.segments().get(0), new Parameterisation.Frozen());
    try (var weights = checkpoint.weights(type);
        var variables = new Variables(specs, (spec, into) -> {})) {
      var macs = new BertMacs(config.shapes(2), specs);
      var hooks = new BertHooks(variables, macs, config, new Parameterisation.Frozen());
      var chain =
          new Chain(List.of(new Span(0, config.layers(), weights, hooks, variables, macs, macs)));
      try (var embedded = new Embedding(weights, variables, null).forward(tokens);
          var mask = Sequence.mask(tokens.lengths(), tokens.width());
          var out = chain.forward(embedded, mask)) {
        return Tensors.floats(out);
      }
    }
  }

  @Test
  void miniLm() throws Exception {
    assertThat(difference(BundledModel.MINILM, ScalarType.Float)).isLessThan(1e-4);
  }

  @Test
  void bgeSmall() throws Exception {
    assertThat(difference(BundledModel.BGE_SMALL, ScalarType.Float)).isLessThan(1e-4);
  }

  @Test
  void miniLmInBf16() throws Exception {
    if (LibTorch.bf16()) {
      assertThat(difference(BundledModel.MINILM, ScalarType.BFloat16)).isBetween(1e-4, 0.2);
    }
  }
}
