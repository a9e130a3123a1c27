package dev.anabranch.data;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Shard;
import dev.anabranch.data.TextTokenizer.Tokens;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Texts of one device, or of the hold-out. An example is tokenised when it is first asked for and
 * remembered. Thread-safe.
 */
public final class TextShard implements Shard {
  private static final int PADDING = 0;

  private final Corpus corpus;
  private final int[] positions;
  private final TextTokenizer tokenizer;
  private final AtomicReferenceArray<Tokens> known;

  /**
   * Takes some examples of a corpus.
   *
   * @param name whose examples, for messages, such as {@code device 7}
   * @param positions in the corpus; row r of the shard is the example at {@code positions[r]}
   * @throws AnabranchException if there are none
   */
  public TextShard(String name, Corpus corpus, int[] positions, TextTokenizer tokenizer) {
    this.corpus = corpus;
    this.positions = Positions.of(name, positions);
    this.tokenizer = tokenizer;
    this.known = new AtomicReferenceArray<>(positions.length);
  }

  @Override
  public int size() {
    return positions.length;
  }

  /** The example of a row. */
  public Example example(int row) {
    return corpus.examples().get(positions[row]);
  }

  @Override
  public int label(int row) {
    return example(row).label();
  }

  /** The tokens of a row. */
  public Tokens tokens(int row) {
    var tokens = known.get(row);
    if (tokens == null) {
      var example = example(row);
      tokens = tokenizer.encode(example.text(), example.pair());
      known.set(row, tokens);
    }
    return tokens;
  }

  /** {@inheritDoc} */
  @Override
  public Batch batch(int[] rows) {
    int width = Arrays.stream(rows).map(r -> tokens(r).ids().length).max().orElse(0);
    int[] ids = new int[rows.length * width];
    Arrays.fill(ids, PADDING);
    int[] types = new int[ids.length];
    int[] lengths = new int[rows.length];
    int[] labels = new int[rows.length];
    for (int b = 0; b < rows.length; b++) {
      var tokens = tokens(rows[b]);
      lengths[b] = tokens.ids().length;
      labels[b] = label(rows[b]);
      System.arraycopy(tokens.ids(), 0, ids, b * width, lengths[b]);
      if (tokens.types() != null) {
        System.arraycopy(tokens.types(), 0, types, b * width, lengths[b]);
      }
    }
    return new Batch(rows.clone(), new Inputs.Tokens(ids, width, lengths, types), labels);
  }
}
