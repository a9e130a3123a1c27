package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * From token ids to the first hidden states: words, positions and types, their norm, and soft
 * prompts. In fp32. Used on a lane; keeps nothing of a call.
 */
final class Embedding {
  private static final String POSITIONS = "embeddings.position_embeddings.weight";
  private static final String TYPES = "embeddings.token_type_embeddings.weight";
  private static final String NORM = "embeddings.LayerNorm.";

  private final BertWeights weights;
  private final Variables variables;
  private final @Nullable Placing placing;
  private final boolean trained;

  /**
   * @param placing of the soft prompt, or null if there is none
   */
  Embedding(BertWeights weights, Variables variables, @Nullable Placing placing) {
    this.weights = weights;
    this.variables = variables;
    this.placing = placing;
    this.trained =
        placing != null
            || variables.stepped().stream().anyMatch(s -> s.name().startsWith("embeddings."));
  }

  /** Whether a backward pass has gradients to add here. */
  boolean trained() {
    return trained;
  }

  /**
   * Without a backward pass.
   *
   * @return [b, p + t, d]; the caller owns it
   */
  Tensor forward(Inputs.Tokens tokens) {
    try (var scope = new PointerScope();
        var guard = new NoGradGuard()) {
      return Tensors.own(embed(tokens, words(tokens)));
    }
  }

  Tape record(Inputs.Tokens tokens) {
    if (!trained) {
      return new Tape.Graph(null, forward(tokens));
    }
    try (var scope = new PointerScope()) {
      Tensor words = words(tokens);
      if (!variables.has(Variables.WORDS)) {
        return new Tape.Graph(null, Tensors.own(embed(tokens, words)));
      }
      Tensor leaf = Tensors.own(words.set_requires_grad(true));
      return new Rows(new Tape.Graph(leaf, Tensors.own(embed(tokens, leaf))), tokens.ids());
    }
  }

  /** A graph from looked-up rows of trained word embeddings, whose gradients go there. */
  private final class Rows implements Tape {
    private final Tape graph;
    private final int[] ids;

    Rows(Tape graph, int[] ids) {
      this.graph = graph;
      this.ids = ids;
    }

    @Override
    public Tensor output() {
      return graph.output();
    }

    @Override
    public @Nullable Tensor backward(Tensor gradient) {
      try (var inner = Objects.requireNonNull(graph.backward(gradient))) {
        variables.addRows(ids, inner);
      }
      return null;
    }

    @Override
    public void close() {
      graph.close();
    }
  }

  /** [b, t, d]. */
  private Tensor words(Inputs.Tokens tokens) {
    check(tokens);
    long b = tokens.size();
    int t = tokens.width();
    return variables.has(Variables.WORDS)
        ? variables.lookup(tokens.ids(), b, t)
        : torch.embedding(weights.get(Variables.WORDS), Tensors.ints(tokens.ids(), b, t));
  }

  private Tensor embed(Inputs.Tokens tokens, Tensor words) {
    if (placing == Placing.WORDS) {
      words = BertLayers.prepend(variables.get("prompt"), words);
    }
    long t = words.size(1);
    Tensor places = get(POSITIONS).narrow(0, 0, t);
    Tensor normed = norm(words.add(places.add(types(tokens, t))));
    return placing == Placing.EMBEDDED
        ? BertLayers.prepend(variables.get("prompt"), normed)
        : normed;
  }

  /** [t, d] if all tokens are of type 0, else [b, t, d]; prompts are of type 0. */
  private Tensor types(Inputs.Tokens tokens, long t) {
    boolean plain = true;
    for (int type : tokens.types()) {
      plain &= type == 0;
    }
    if (plain) {
      return get(TYPES).narrow(0, 0, 1);
    }
    Tensor ids = Tensors.ints(tokens.types(), tokens.size(), tokens.width());
    long prompts = t - tokens.width();
    return torch.embedding(
        get(TYPES), torch.constant_pad_nd(ids, new long[] {prompts, 0}, new Scalar(0)));
  }

  private Tensor norm(Tensor sum) {
    return torch.layer_norm(
        sum,
        new long[] {weights.config().width()},
        new TensorOptional(get(NORM + "weight")),
        new TensorOptional(get(NORM + "bias")),
        weights.config().eps(),
        true);
  }

  private Tensor get(String name) {
    var own = variables.find(name);
    return own == null ? weights.get(name) : own;
  }

  private void check(Inputs.Tokens tokens) {
    var config = weights.config();
    int most = config.positions() - (placing == Placing.WORDS ? prompts() : 0);
    if (tokens.width() > most || tokens.width() < 1) {
      throw new IllegalArgumentException(
          "tokens: " + tokens.width() + " (expected: 1 to " + most + ")");
    }
    for (int id : tokens.ids()) {
      if (id < 0 || id >= config.vocabulary()) {
        throw new IllegalArgumentException(
            "token id: " + id + " (expected: 0 to " + (config.vocabulary() - 1) + ")");
      }
    }
    for (int type : tokens.types()) {
      if (type < 0 || type >= config.types()) {
        throw new IllegalArgumentException(
            "token type: " + type + " (expected: 0 to " + (config.types() - 1) + ")");
      }
    }
  }

  private int prompts() {
    return (int) variables.get("prompt").size(0);
  }
}
