package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.Picture;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Vision transformer (arXiv 2010.11929): an image is cut into patches, each becomes a vector by one
 * linear map, a classification token stands before them, learned positions are added; pre-norm
 * blocks; a linear classifier reads the token. Names are those of the checkpoints of Hugging Face,
 * which are older than the names that its library has in memory.
 *
 * <p>A soft prompt joins after the embeddings, before the token (visual prompt tuning, arXiv
 * 2203.12119), and takes no position.
 *
 * @param width d
 * @param heads h
 * @param inner f, width of the feed-forward part
 * @param channels of an image
 * @param size of an image, both sides
 * @param patch of a patch, both sides
 * @param eps added to the variance in every norm
 * @param biases on query, key and value
 */
public record Vit(
    int layers,
    int width,
    int heads,
    int inner,
    int channels,
    int size,
    int patch,
    double eps,
    boolean biases,
    int classes)
    implements Family {
  private static final String EMBEDDINGS = "vit.embeddings.";
  private static final String PATCHES = EMBEDDINGS + "patch_embeddings.projection";
  private static final String NORM = "vit.layernorm";

  /**
   * Reads a configuration.
   *
   * @param classes of the task
   */
  public static Vit of(ConfigMap c, int classes) {
    c.oneOf("hidden_act", List.of("gelu"));
    int d = c.size("hidden_size");
    int h = c.size("num_attention_heads");
    c.require(d % h == 0, "num_attention_heads", "a divisor of hidden_size, " + d);
    int size = c.size("image_size", 224);
    int patch = c.size("patch_size", 16);
    c.require(patch <= size && size % patch == 0, "patch_size", "a divisor of image_size, " + size);
    return new Vit(
        c.size("num_hidden_layers"),
        d,
        h,
        c.size("intermediate_size"),
        c.size("num_channels", 3),
        size,
        patch,
        c.positive("layer_norm_eps", 1e-12),
        c.flag("qkv_bias", true),
        classes);
  }

  @Override
  public String name() {
    return "vit";
  }

  @Override
  public Picture picture() {
    return new Picture(channels, size);
  }

  @Override
  public Pooling pooling() {
    return Pooling.CLS;
  }

  @Override
  public int positions() {
    return size / patch * (size / patch) + 1;
  }

  @Override
  public int keyWidth() {
    return width;
  }

  @Override
  public boolean takes(Parameterisation part) {
    return part instanceof Parameterisation.SoftPrompt prompt
        ? prompt.placing() == Placing.EMBEDDED
        : Family.super.takes(part);
  }

  @Override
  public String at(int layer) {
    return "vit.encoder.layer." + layer + ".";
  }

  @Override
  public List<TensorSpec> input() {
    return List.of(
        TensorSpec.of(EMBEDDINGS + "cls_token", 1, 1, width),
        TensorSpec.of(EMBEDDINGS + "position_embeddings", 1, positions(), width),
        TensorSpec.of(PATCHES + ".weight", width, channels, patch, patch),
        TensorSpec.of(PATCHES + ".bias", width));
  }

  @Override
  public List<TensorSpec> layer(int index) {
    String at = at(index);
    var all = new ArrayList<TensorSpec>();
    norm(at + "layernorm_before", all);
    for (var map : maps(index)) {
      if (map.module().equals("intermediate.dense")) {
        norm(at + "layernorm_after", all);
      }
      all.add(TensorSpec.of(at + map.module() + ".weight", map.out(), map.in()));
      if (bias(map.module())) {
        all.add(TensorSpec.of(at + map.module() + ".bias", map.out()));
      }
    }
    return all;
  }

  private void norm(String name, List<TensorSpec> into) {
    into.add(TensorSpec.of(name + ".weight", width));
    into.add(TensorSpec.of(name + ".bias", width));
  }

  private boolean bias(String module) {
    return biases || !module.startsWith("attention.attention.");
  }

  @Override
  public List<TensorSpec> output() {
    var all = new ArrayList<TensorSpec>();
    norm(NORM, all);
    all.add(TensorSpec.of("classifier.weight", classes, width));
    all.add(TensorSpec.of("classifier.bias", classes));
    return all;
  }

  @Override
  public List<String> head() {
    return List.of("classifier.weight", "classifier.bias");
  }

  @Override
  public List<LinearMap> maps(int layer) {
    return List.of(
        new LinearMap("attention.attention.query", width, width),
        new LinearMap("attention.attention.key", width, width),
        new LinearMap("attention.attention.value", width, width),
        new LinearMap("attention.output.dense", width, width),
        new LinearMap("intermediate.dense", width, inner),
        new LinearMap("output.dense", inner, width));
  }

  @Override
  public Tensor embed(Inputs inputs, Pass pass) {
    Tensor x = BertLayers.cast(ImageInputs.of(inputs, picture()), pass.type());
    Tensor patches = pass.convolution(x, pass.weight(PATCHES + ".weight"), patch, 0);
    patches = patches.flatten(2, -1).transpose(1, 2).add(pass.weight(PATCHES + ".bias"));
    Tensor token = pass.weight(EMBEDDINGS + "cls_token").expand(x.size(0), 1, width);
    return torch
        .cat(new TensorVector(token, patches), 1)
        .add(pass.weight(EMBEDDINGS + "position_embeddings"));
  }

  @Override
  public Tensor layer(int index, Tensor x, Pass pass) {
    String at = at(index);
    Tensor mixed = x.add(attention(index, norm(at + "layernorm_before", x, pass), pass));
    Tensor normed = norm(at + "layernorm_after", mixed, pass);
    Tensor wide = torch.gelu(pass.linear(at, "intermediate.dense", true, normed));
    return mixed.add(pass.adapted(at, pass.linear(at, "output.dense", true, wide)));
  }

  private Tensor attention(int index, Tensor x, Pass pass) {
    String at = at(index);
    Tensor q = heads(pass.linear(at, "attention.attention.query", biases, x));
    Tensor k = heads(pass.linear(at, "attention.attention.key", biases, x));
    Tensor v = heads(pass.linear(at, "attention.attention.value", biases, x));
    return pass.linear(at, "attention.output.dense", true, pass.attend(index, q, k, v, false));
  }

  /** [b, t, d] to [b, h, t, d / h]. */
  private Tensor heads(Tensor x) {
    return x.view(x.size(0), x.size(1), heads, width / heads).transpose(1, 2);
  }

  private Tensor norm(String name, Tensor x, Pass pass) {
    return torch.layer_norm(
        x,
        new long[] {width},
        new TensorOptional(pass.weight(name + ".weight")),
        new TensorOptional(pass.weight(name + ".bias")),
        eps,
        false);
  }

  @Override
  public Tensor output(Tensor hidden, Pass pass) {
    Tensor token = hidden.select(1, pass.prompts());
    return pass.linear("", "classifier", true, norm(NORM, token, pass));
  }
}
