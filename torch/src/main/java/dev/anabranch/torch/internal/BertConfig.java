package dev.anabranch.torch.internal;

import dev.anabranch.torch.BertShapes;
import java.util.Map;

/**
 * The shape of a BERT encoder.
 *
 * @param layers encoder layers
 * @param width d, the size of a token's vector
 * @param heads attention heads; each has {@code width / heads} entries
 * @param intermediate width of the feed-forward part
 * @param vocabulary rows of the word embeddings
 * @param positions rows of the position embeddings
 * @param types rows of the token type embeddings
 * @param eps added to the variance in every layer norm
 */
public record BertConfig(
    int layers,
    int width,
    int heads,
    int intermediate,
    int vocabulary,
    int positions,
    int types,
    double eps) {
  private static final String WORDS = "embeddings.word_embeddings.weight";
  private static final String POSITIONS = "embeddings.position_embeddings.weight";
  private static final String TYPES = "embeddings.token_type_embeddings.weight";

  public BertConfig {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "heads: " + heads + " (expected: a divisor of " + width + ")");
    }
  }

  /** The same with another number of layers. */
  BertConfig ofLayers(int count) {
    return new BertConfig(count, width, heads, intermediate, vocabulary, positions, types, eps);
  }

  /** Names and shapes of the variables, with a classifier for {@code classes}. */
  public BertShapes shapes(int classes) {
    return new BertShapes(
        layers, width, heads, intermediate, vocabulary, positions, types, classes);
  }

  /** Entries per head. */
  public int headWidth() {
    return width / heads;
  }

  /**
   * Reads the shape from the tensors themselves, for a checkpoint without {@code config.json}.
   *
   * @param shapes shape by Hugging Face name, without the {@code bert.} in front
   * @param heads not in the tensors: from the graph, or from the caller
   * @param eps not in the tensors either; 1e-12 in every published BERT
   */
  public static BertConfig ofShapes(Map<String, long[]> shapes, int heads, double eps) {
    int layers = 0;
    while (shapes.containsKey(layer(layers) + "attention.self.query.weight")) {
      layers++;
    }
    if (layers == 0) {
      throw new IllegalArgumentException(
          "layers: 0 (expected: at least one 'encoder.layer.0.attention.self.query.weight')");
    }
    long[] words = matrix(shapes, WORDS);
    long[] inner = matrix(shapes, layer(0) + "intermediate.dense.weight");
    long[] places = matrix(shapes, POSITIONS);
    return new BertConfig(
        layers,
        (int) words[1],
        heads,
        (int) inner[0],
        (int) words[0],
        (int) places[0],
        (int) matrix(shapes, TYPES)[0],
        eps);
  }

  static String layer(int index) {
    return "encoder.layer." + index + ".";
  }

  private static long[] matrix(Map<String, long[]> shapes, String name) {
    long[] shape = shapes.get(name);
    if (shape == null || shape.length != 2) {
      throw new IllegalArgumentException(
          name
              + ": "
              + (shape == null ? "missing" : shape.length + " dimensions")
              + " (expected: a matrix)");
    }
    return shape;
  }
}
