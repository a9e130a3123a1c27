package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * GPT-2 (Radford et al. 2019, Language Models are Unsupervised Multitask Learners): learned
 * positions, pre-norm blocks, one map for query, key and value, GELU by its tanh formula. Weights
 * of its maps lie as [in, out].
 *
 * @param width d
 * @param heads h, each of d / h entries
 * @param inner f, width of the feed-forward part
 * @param eps added to the variance in every norm
 * @param tied whether the output matrix is the embedding matrix
 */
public record Gpt2(
    int layers,
    int width,
    int heads,
    int inner,
    int vocabulary,
    int positions,
    double eps,
    boolean tied)
    implements Family {
  private static final String WORDS = "transformer.wte.weight";
  private static final String PLACES = "transformer.wpe.weight";
  private static final String NORM = "transformer.ln_f";
  private static final String HEAD = "lm_head.weight";

  static Gpt2 of(ConfigMap c) {
    c.oneOf("activation_function", List.of("gelu_new", "gelu_pytorch_tanh"));
    c.require(c.flag("scale_attn_weights", true), "scale_attn_weights", "true");
    c.require(
        !c.flag("scale_attn_by_inverse_layer_idx", false),
        "scale_attn_by_inverse_layer_idx",
        "false");
    int d = c.size("n_embd");
    int h = c.size("n_head");
    c.require(d % h == 0, "n_head", "a divisor of n_embd, " + d);
    return new Gpt2(
        c.size("n_layer"),
        d,
        h,
        c.size("n_inner", 4 * d),
        c.size("vocab_size"),
        c.size("n_positions", 1024),
        c.positive("layer_norm_epsilon", 1e-5),
        c.flag("tie_word_embeddings", true));
  }

  @Override
  public String name() {
    return "gpt2";
  }

  @Override
  public boolean languageModel() {
    return true;
  }

  @Override
  public int classes() {
    return vocabulary;
  }

  @Override
  public int keyWidth() {
    return width;
  }

  @Override
  public String at(int layer) {
    return "transformer.h." + layer + ".";
  }

  @Override
  public List<TensorSpec> input() {
    return List.of(
        TensorSpec.of(WORDS, vocabulary, width), TensorSpec.of(PLACES, positions, width));
  }

  @Override
  public List<TensorSpec> layer(int index) {
    String at = at(index);
    var out = new ArrayList<TensorSpec>();
    for (var map : maps(index)) {
      switch (map.module()) {
        case "attn.c_attn" -> out.addAll(norm(at + "ln_1"));
        case "mlp.c_fc" -> out.addAll(norm(at + "ln_2"));
        default -> {}
      }
      out.add(TensorSpec.of(at + map.module() + ".weight", map.in(), map.out()));
      out.add(TensorSpec.of(at + map.module() + ".bias", map.out()));
    }
    return out;
  }

  private List<TensorSpec> norm(String name) {
    return List.of(TensorSpec.of(name + ".weight", width), TensorSpec.of(name + ".bias", width));
  }

  @Override
  public List<TensorSpec> output() {
    var out = new ArrayList<>(norm(NORM));
    out.add(TensorSpec.of(tied ? WORDS : HEAD, vocabulary, width));
    return out;
  }

  @Override
  public List<String> head() {
    return List.of(tied ? WORDS : HEAD);
  }

  @Override
  public List<LinearMap> maps(int layer) {
    return List.of(
        new LinearMap("attn.c_attn", width, 3L * width),
        new LinearMap("attn.c_proj", width, width),
        new LinearMap("mlp.c_fc", width, inner),
        new LinearMap("mlp.c_proj", inner, width));
  }

  @Override
  public List<String> adapted() {
    return List.of("c_attn");
  }

  @Override
  public Tensor embed(Inputs inputs, Pass pass) {
    var tokens = Sequence.tokens(inputs, vocabulary);
    Tensor ids = Tensors.ints(tokens.ids(), tokens.size(), tokens.width());
    Tensor words = pass.prompted(torch.embedding(pass.weight(WORDS), ids));
    return words.add(torch.embedding(pass.weight(PLACES), pass.positions(words.size(1))));
  }

  @Override
  public Tensor layer(int index, Tensor x, Pass pass) {
    String at = at(index);
    x = x.add(attention(index, pass.norm(at + "ln_1", x, eps), pass));
    Tensor inside = pass.conv1d(at, "mlp.c_fc", pass.norm(at + "ln_2", x, eps));
    return x.add(pass.adapted(at, pass.conv1d(at, "mlp.c_proj", torch.gelu(inside, "tanh"))));
  }

  private Tensor attention(int index, Tensor x, Pass pass) {
    Tensor qkv = pass.conv1d(at(index), "attn.c_attn", x);
    Tensor context = pass.attend(index, heads(qkv, 0), heads(qkv, 1), heads(qkv, 2), true);
    return pass.conv1d(at(index), "attn.c_proj", context);
  }

  /** A third of [b, t, 3 · d] as [b, h, t, d / h]. */
  private Tensor heads(Tensor qkv, int third) {
    return qkv.narrow(2, (long) third * width, width)
        .reshape(qkv.size(0), qkv.size(1), heads, width / heads)
        .transpose(1, 2);
  }

  @Override
  public Tensor output(Tensor hidden, Pass pass) {
    return pass.product(pass.norm(NORM, hidden, eps), tied ? WORDS : HEAD, null);
  }
}
