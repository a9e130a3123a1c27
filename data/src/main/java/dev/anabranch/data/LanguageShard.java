package dev.anabranch.data;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Shard;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Texts of one device, or of the hold-out, whose every token is to be told from those before it. Of
 * an example of two texts, a prompt and a response, only the response is asked for. An example is
 * tokenised when it is first asked for and remembered. Thread-safe.
 */
public final class LanguageShard implements Shard {
  private static final int PADDING = 0;
  private static final int NOT_ASKED = -1;

  private final Corpus corpus;
  private final int[] positions;
  private final TextTokenizer tokenizer;
  private final int end;
  private final AtomicReferenceArray<Text> known;

  /**
   * One example.
   *
   * @param ids its tokens
   * @param from the first that is asked for, at least 1
   */
  private record Text(int[] ids, int from) {}

  /**
   * Takes some examples of a corpus.
   *
   * @param name whose examples, for messages, such as {@code device 7}
   * @param positions in the corpus; row r of the shard is the example at {@code positions[r]}
   * @param end the token after the last of a text that was not cut; below 0: none
   * @throws AnabranchException if there are none
   */
  public LanguageShard(
      String name, Corpus corpus, int[] positions, TextTokenizer tokenizer, int end) {
    this.corpus = corpus;
    this.positions = Positions.of(name, positions);
    this.tokenizer = tokenizer;
    this.end = end;
    this.known = new AtomicReferenceArray<>(positions.length);
  }

  @Override
  public int size() {
    return positions.length;
  }

  @Override
  public int label(int row) {
    return example(row).label();
  }

  /** The example of a row. */
  public Example example(int row) {
    return corpus.examples().get(positions[row]);
  }

  private Text text(int row) {
    var text = known.get(row);
    if (text == null) {
      text = read(example(row));
      known.set(row, text);
    }
    return text;
  }

  /** A prompt that leaves less than half of the room to its response is cut at its end. */
  private Text read(Example example) {
    int most = tokenizer.maxTokens();
    int[] first = tokenizer.encode(example.text(), null).ids();
    if (example.pair() == null) {
      return new Text(ended(first, most), 1);
    }
    int[] answer = ended(tokenizer.words(example.pair()), most);
    int given = Math.min(first.length, Math.max(most - answer.length, most / 2));
    int[] ids = Arrays.copyOf(first, Math.min(most, given + answer.length));
    System.arraycopy(answer, 0, ids, given, ids.length - given);
    return new Text(ids, Math.max(1, given));
  }

  private int[] ended(int[] ids, int most) {
    boolean cut = ids.length >= most;
    if (end < 0 || cut || (ids.length > 0 && ids[ids.length - 1] == end)) {
      return ids;
    }
    int[] out = Arrays.copyOf(ids, ids.length + 1);
    out[ids.length] = end;
    return out;
  }

  /** Labels are the tokens that come next, [b, t]; -1 for prompts, ends and padding. */
  @Override
  public Batch batch(int[] rows) {
    int width = Arrays.stream(rows).map(r -> text(r).ids.length).max().orElse(0);
    int[] ids = new int[rows.length * width];
    Arrays.fill(ids, PADDING);
    int[] labels = new int[ids.length];
    Arrays.fill(labels, NOT_ASKED);
    int[] lengths = new int[rows.length];
    for (int b = 0; b < rows.length; b++) {
      var text = text(rows[b]);
      lengths[b] = text.ids.length;
      System.arraycopy(text.ids, 0, ids, b * width, lengths[b]);
      for (int next = text.from; next < lengths[b]; next++) {
        labels[b * width + next - 1] = text.ids[next];
      }
    }
    var inputs = new Inputs.Tokens(ids, width, lengths, new int[ids.length]);
    return new Batch(rows.clone(), inputs, labels);
  }
}
