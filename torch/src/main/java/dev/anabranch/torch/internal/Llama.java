package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Llama (arXiv 2302.13971, with the grouped queries of 2307.09288) and Qwen2 (arXiv 2407.10671),
 * which differs by biases on query, key and value: pre-norm blocks of rotary attention and SwiGLU.
 *
 * @param width d
 * @param heads h, query heads
 * @param groups g, key and value heads; a divisor of h
 * @param headWidth w, entries of a head
 * @param inner f, width of the feed-forward part
 * @param eps added to the mean square in every norm
 * @param rotary angles of positions
 * @param tied whether the output matrix is the embedding matrix
 * @param qkvBias biases on query, key and value
 * @param outBias a bias on attention's last map
 * @param mlpBias biases in the feed-forward part
 */
public record Llama(
    String name,
    int layers,
    int width,
    int heads,
    int groups,
    int headWidth,
    int inner,
    int vocabulary,
    int positions,
    double eps,
    Rotary rotary,
    boolean tied,
    boolean qkvBias,
    boolean outBias,
    boolean mlpBias)
    implements Family {
  private static final String EMBEDDINGS = "model.embed_tokens.weight";
  private static final List<String> QKV =
      List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");
  private static final List<String> GATED = List.of("mlp.gate_proj", "mlp.up_proj");
  private static final String NORM = "model.norm.weight";
  private static final String HEAD = "lm_head.weight";

  /** Llama's configuration. */
  public static Llama llama(ConfigMap config) {
    boolean biases = config.flag("attention_bias", false);
    return of("llama", config, biases, biases, config.flag("mlp_bias", false));
  }

  /** Qwen2's configuration. */
  public static Llama qwen2(ConfigMap config) {
    config.require(
        !config.flag("use_sliding_window", false), "use_sliding_window", "false: full attention");
    return of("qwen2", config, true, false, false);
  }

  private static Llama of(String name, ConfigMap c, boolean qkv, boolean out, boolean mlp) {
    c.oneOf("hidden_act", List.of("silu"));
    int d = c.size("hidden_size");
    int h = c.size("num_attention_heads");
    int g = c.size("num_key_value_heads", h);
    c.require(h % g == 0, "num_key_value_heads", "a divisor of num_attention_heads, " + h);
    int w = c.size("head_dim", Math.max(1, d / h));
    c.require(w % 2 == 0, "head_dim", "an even number, as positions turn pairs");
    int most = c.size("max_position_embeddings", 2048);
    return new Llama(
        name,
        c.size("num_hidden_layers"),
        d,
        h,
        g,
        w,
        c.size("intermediate_size"),
        c.size("vocab_size"),
        most,
        c.positive("rms_norm_eps", 1e-6),
        Rotary.of(c, w, most),
        c.flag("tie_word_embeddings", false),
        qkv,
        out,
        mlp);
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
    return groups * headWidth;
  }

  @Override
  public String at(int layer) {
    return "model.layers." + layer + ".";
  }

  @Override
  public List<TensorSpec> input() {
    return List.of(TensorSpec.of(EMBEDDINGS, vocabulary, width));
  }

  @Override
  public List<TensorSpec> layer(int index) {
    var out = new ArrayList<TensorSpec>();
    out.add(TensorSpec.of(at(index) + "input_layernorm.weight", width));
    for (var map : maps(index)) {
      if (map.module().equals("mlp.gate_proj")) {
        out.add(TensorSpec.of(at(index) + "post_attention_layernorm.weight", width));
      }
      out.add(TensorSpec.of(at(index) + map.module() + ".weight", map.out(), map.in()));
      if (bias(map.module())) {
        out.add(TensorSpec.of(at(index) + map.module() + ".bias", map.out()));
      }
    }
    return out;
  }

  private boolean bias(String module) {
    return switch (module) {
      case "self_attn.o_proj" -> outBias;
      case "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj" -> qkvBias;
      default -> mlpBias;
    };
  }

  @Override
  public List<TensorSpec> output() {
    return List.of(
        TensorSpec.of(NORM, width), TensorSpec.of(tied ? EMBEDDINGS : HEAD, vocabulary, width));
  }

  @Override
  public List<String> head() {
    return List.of(tied ? EMBEDDINGS : HEAD);
  }

  @Override
  public List<LinearMap> maps(int layer) {
    long q = (long) heads * headWidth;
    return List.of(
        new LinearMap("self_attn.q_proj", width, q),
        new LinearMap("self_attn.k_proj", width, keyWidth()),
        new LinearMap("self_attn.v_proj", width, keyWidth()),
        new LinearMap("self_attn.o_proj", q, width),
        new LinearMap("mlp.gate_proj", width, inner),
        new LinearMap("mlp.up_proj", width, inner),
        new LinearMap("mlp.down_proj", inner, width));
  }

  @Override
  public List<String> adapted() {
    return List.of("q_proj", "v_proj");
  }

  @Override
  public Tensor embed(Inputs inputs, Pass pass) {
    var tokens = Sequence.tokens(inputs, vocabulary);
    Tensor ids = Tensors.ints(tokens.ids(), tokens.size(), tokens.width());
    return pass.prompted(torch.embedding(pass.weight(EMBEDDINGS), ids));
  }

  @Override
  public Tensor layer(int index, Tensor x, Pass pass) {
    String at = at(index);
    x = x.add(attention(index, norm(x, pass.weight(at + "input_layernorm.weight")), pass));
    Tensor normed = norm(x, pass.weight(at + "post_attention_layernorm.weight"));
    return x.add(pass.adapted(at, swiglu(at, normed, pass)));
  }

  private Tensor attention(int index, Tensor x, Pass pass) {
    String at = at(index);
    long[] out = {(long) heads * headWidth, keyWidth(), keyWidth()};
    Tensor all = heads(pass.linears(at, QKV, qkvBias, out, x));
    var turning = all.split_with_sizes(new long[] {heads + groups, groups}, 1);
    var turned = rotary.turn(turning.get(0), pass).split_with_sizes(new long[] {heads, groups}, 1);
    Tensor context = pass.attend(index, turned.get(0), turned.get(1), turning.get(1), true);
    return pass.linear(at, "self_attn.o_proj", outBias, context);
  }

  /** down(silu(gate(x)) · up(x)). */
  private Tensor swiglu(String at, Tensor x, Pass pass) {
    long[] out = {inner, inner};
    var both = pass.linears(at, GATED, mlpBias, out, x).split_with_sizes(out, -1);
    Tensor gated = torch.silu(both.get(0)).mul(both.get(1));
    return pass.linear(at, "mlp.down_proj", mlpBias, gated);
  }

  /** [b, t, h · w] to [b, h, t, w] in fp32, as positions and attention want it. */
  private Tensor heads(Tensor x) {
    return BertLayers.cast(x, torch.ScalarType.Float)
        .reshape(x.size(0), x.size(1), -1, headWidth)
        .transpose(1, 2);
  }

  /** x / √(mean(x²) + eps) · weight. */
  private Tensor norm(Tensor x, Tensor weight) {
    return RmsNorm.of(x, weight, eps);
  }

  @Override
  public Tensor output(Tensor hidden, Pass pass) {
    Tensor normed = norm(hidden, pass.weight(NORM));
    return pass.product(normed, tied ? EMBEDDINGS : HEAD, null);
  }
}
