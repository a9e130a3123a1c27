package dev.anabranch.app.run;

import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Instrument;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Sampling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Shard;
import dev.anabranch.parts.ProxyTuned;
import dev.anabranch.parts.ProxyTuning;
import dev.anabranch.parts.RougeL;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is measured of a language model beside the loss of its trained state: perplexity and, if
 * texts are continued, ROUGE-L; of the large model beside it, of the untrained small one, and of
 * the large one that is moved by the difference of the two. Safe from any thread.
 *
 * @param proxy the models beside the trained one; null if there are none
 * @param texts of the hold-out that are continued; 0: none
 * @param tokens at most so many new ones
 * @param words the text of tokens
 * @param fixed figures that no round changes, once they are known
 */
record LanguageScores(
    Evaluation evaluation,
    @Nullable Proxy proxy,
    int texts,
    int tokens,
    Function<int[], String> words,
    Map<String, SortedMap<String, Double>> fixed)
    implements Instrument {
  private static final int NOT_ASKED = -1;

  /**
   * The models beside the trained one.
   *
   * @param base the small model before it was tuned; null where only the state knows it
   * @param tuning null if the large model is not moved
   */
  record Proxy(Predictor large, @Nullable Predictor base, @Nullable ProxyTuning tuning) {}

  static LanguageScores of(
      Evaluation evaluation,
      @Nullable Proxy proxy,
      int texts,
      int tokens,
      Function<int[], String> words) {
    return new LanguageScores(evaluation, proxy, texts, tokens, words, new ConcurrentHashMap<>());
  }

  @Override
  public SortedMap<String, Double> measure(
      Predictor trained, Map<String, Predictor> beside, Runnable check) {
    var out = new TreeMap<String, Double>();
    if (texts > 0) {
      out.put("rougeL", rouge(trained));
    }
    if (proxy != null) {
      var large = proxy.large().checked(check);
      out.putAll(fixed.computeIfAbsent("large", name -> figures(name, large)));
      var base = proxy.base() == null ? beside.get("base") : proxy.base().checked(check);
      if (base != null) {
        out.putAll(fixed.computeIfAbsent("base", name -> figures(name, base)));
        if (proxy.tuning() != null) {
          var moved = new ProxyTuned(large, trained, base, proxy.tuning());
          out.putAll(figures("proxy", moved));
        }
      }
    }
    return out;
  }

  private SortedMap<String, Double> figures(String name, Predictor model) {
    var out = new TreeMap<String, Double>();
    out.put(name + "Perplexity", evaluation.score(model).perplexity());
    if (texts > 0) {
      out.put(name + "RougeL", rouge(model));
    }
    return out;
  }

  /** The mean over the first texts of the hold-out, each continued by its likeliest tokens. */
  private double rouge(Predictor model) {
    Shard holdout = evaluation.holdout();
    int n = Math.min(texts, holdout.size());
    int[][] prompts = new int[n][];
    String[] references = new String[n];
    for (int row = 0; row < n; row++) {
      var batch = holdout.batch(new int[] {row});
      int[] labels = batch.labels();
      int[] ids = ((dev.anabranch.core.Inputs.Tokens) batch.inputs()).ids();
      int from = first(labels);
      prompts[row] = Arrays.copyOf(ids, from + 1);
      references[row] =
          words.apply(
              Arrays.stream(labels, from, labels.length)
                  .filter(label -> label != NOT_ASKED)
                  .limit(tokens)
                  .toArray());
    }
    var random = Seeds.stream(0, "greedy");
    int[][] told = Sampling.GREEDY.generate(model, prompts, tokens, NOT_ASKED, random);
    double sum = 0;
    for (int row = 0; row < n; row++) {
      sum += RougeL.score(references[row], words.apply(told[row]));
    }
    return n == 0 ? 0 : sum / n;
  }

  /** Where the response begins; in the middle of a text that is asked for as a whole. */
  private static int first(int[] labels) {
    int from = 0;
    while (from < labels.length - 1 && labels[from] == NOT_ASKED) {
      from++;
    }
    return from > 0 ? from : (labels.length - 1) / 2;
  }
}
