package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.TorchEngine;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * RoBERTa (arXiv 1907.11692): BERT's post-norm encoder, with positions that begin after the padding
 * index, and a classifier of two maps with tanh between them on the first token.
 *
 * <p>Differs: the classifier may read the mean over positions instead, if the task says so.
 *
 * @param width d
 * @param heads h, each of d / h entries
 * @param inner f, width of the feed-forward part
 * @param places rows of the position embeddings; the first {@code padding + 1} are never used
 * @param padding index of the padding token
 * @param eps added to the variance in every norm
 */
public record Roberta(
    int layers,
    int width,
    int heads,
    int inner,
    int vocabulary,
    int places,
    int padding,
    int types,
    double eps,
    int classes,
    Pooling pooling)
    implements Family {
  private static final String EMBEDDINGS = "roberta.embeddings.";
  private static final String WORDS = EMBEDDINGS + "word_embeddings.weight";
  private static final String PLACES = EMBEDDINGS + "position_embeddings.weight";
  private static final String TYPES = EMBEDDINGS + "token_type_embeddings.weight";

  static Roberta of(ConfigMap c, TorchEngine.Task task) {
    c.oneOf("hidden_act", List.of("gelu"));
    c.oneOf("position_embedding_type", List.of("absolute"));
    int d = c.size("hidden_size");
    int h = c.size("num_attention_heads");
    c.require(d % h == 0, "num_attention_heads", "a divisor of hidden_size, " + d);
    int padding = c.size("pad_token_id", 1);
    int places = c.size("max_position_embeddings");
    c.require(places > padding + 1, "max_position_embeddings", "more than " + (padding + 1));
    return new Roberta(
        c.size("num_hidden_layers"),
        d,
        h,
        c.size("intermediate_size"),
        c.size("vocab_size"),
        places,
        padding,
        c.size("type_vocab_size", 1),
        c.positive("layer_norm_eps", 1e-5),
        task.classes(),
        task.pooling());
  }

  @Override
  public String name() {
    return "roberta";
  }

  @Override
  public int keyWidth() {
    return width;
  }

  @Override
  public int positions() {
    return places - padding - 1;
  }

  @Override
  public String at(int layer) {
    return "roberta.encoder.layer." + layer + ".";
  }

  @Override
  public List<TensorSpec> input() {
    var out =
        new ArrayList<>(
            List.of(
                TensorSpec.of(WORDS, vocabulary, width),
                TensorSpec.of(PLACES, places, width),
                TensorSpec.of(TYPES, types, width)));
    out.addAll(norm(EMBEDDINGS + "LayerNorm"));
    return out;
  }

  private List<TensorSpec> norm(String name) {
    return List.of(TensorSpec.of(name + ".weight", width), TensorSpec.of(name + ".bias", width));
  }

  @Override
  public List<TensorSpec> layer(int index) {
    String at = at(index);
    var out = new ArrayList<TensorSpec>();
    for (var map : maps(index)) {
      out.add(TensorSpec.of(at + map.module() + ".weight", map.out(), map.in()));
      out.add(TensorSpec.of(at + map.module() + ".bias", map.out()));
      if (map.module().endsWith("output.dense")) {
        out.addAll(norm(at + map.module().replace("dense", "LayerNorm")));
      }
    }
    return out;
  }

  @Override
  public List<TensorSpec> output() {
    return List.of(
        TensorSpec.of("classifier.dense.weight", width, width),
        TensorSpec.of("classifier.dense.bias", width),
        TensorSpec.of("classifier.out_proj.weight", classes, width),
        TensorSpec.of("classifier.out_proj.bias", classes));
  }

  @Override
  public List<String> head() {
    return output().stream().map(TensorSpec::name).toList();
  }

  @Override
  public List<LinearMap> maps(int layer) {
    return List.of(
        new LinearMap("attention.self.query", width, width),
        new LinearMap("attention.self.key", width, width),
        new LinearMap("attention.self.value", width, width),
        new LinearMap("attention.output.dense", width, width),
        new LinearMap("intermediate.dense", width, inner),
        new LinearMap("output.dense", inner, width));
  }

  @Override
  public Tensor embed(Inputs inputs, Pass pass) {
    var tokens = Sequence.tokens(inputs, vocabulary);
    Tensor ids = Tensors.ints(tokens.ids(), tokens.size(), tokens.width());
    Tensor words = pass.prompted(torch.embedding(pass.weight(WORDS), ids));
    long t = words.size(1);
    Tensor places = pass.weight(PLACES).narrow(0, padding + 1L, t);
    Tensor type = pass.weight(TYPES).narrow(0, 0, 1);
    return pass.norm(EMBEDDINGS + "LayerNorm", words.add(places.add(type)), eps);
  }

  @Override
  public Tensor layer(int index, Tensor x, Pass pass) {
    String at = at(index);
    Tensor context =
        pass.attend(
            index,
            heads(pass.linear(at, "attention.self.query", true, x)),
            heads(pass.linear(at, "attention.self.key", true, x)),
            heads(pass.linear(at, "attention.self.value", true, x)),
            false);
    Tensor mixed = pass.linear(at, "attention.output.dense", true, context).add(x);
    mixed = pass.norm(at + "attention.output.LayerNorm", mixed, eps);
    Tensor inside = torch.gelu(pass.linear(at, "intermediate.dense", true, mixed));
    Tensor outer = pass.adapted(at, pass.linear(at, "output.dense", true, inside));
    return pass.norm(at + "output.LayerNorm", outer.add(mixed), eps);
  }

  /** [b, t, d] to [b, h, t, d / h]. */
  private Tensor heads(Tensor x) {
    return x.view(x.size(0), x.size(1), heads, width / heads).transpose(1, 2);
  }

  @Override
  public Tensor output(Tensor hidden, Pass pass) {
    Tensor dense = pass.linear("", "classifier.dense", true, pass.pooled(hidden, pooling));
    return pass.linear("", "classifier.out_proj", true, dense.tanh());
  }
}
