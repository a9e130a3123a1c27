package dev.anabranch.app.run;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Sampling;
import dev.anabranch.core.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Continues texts with a language model that a run has trained. Not thread-safe. */
public final class Generator implements AutoCloseable {
  private final Wiring.Words words;
  private final Predictor predictor;
  private final Sampling sampling;
  private final int most;
  private final RandomGenerator random;

  private Generator(
      Wiring.Words words,
      Predictor predictor,
      Sampling sampling,
      int most,
      RandomGenerator random) {
    this.words = words;
    this.predictor = predictor;
    this.sampling = sampling;
    this.most = most;
    this.random = random;
  }

  /**
   * What became of one line.
   *
   * @param text that was continued
   * @param continuation without the token that ends a text
   * @param tokens that were told, with that one
   */
  public record Answer(String text, String continuation, int tokens) {}

  /**
   * Takes a complete run.
   *
   * @param most new tokens of a text
   * @param seed of what is drawn; the same lines in the same order are continued alike
   * @throws AnabranchException if the run's model tells no tokens
   */
  public static Generator open(
      Session session, TrainedRun trained, Sampling sampling, int most, long seed) {
    var plan = trained.plan();
    var words =
        session
            .wiring()
            .words(plan)
            .orElseThrow(() ->
                AnabranchException.expected(
                    Failure.USAGE,
                    "task.kind",
                    "one of classes",
                    "causal-lm: a run with a language model"));
    var engine = trained.engine();
    return new Generator(
        words,
        engine.predictor(plan.method().use(engine.facts()), trained.trained()),
        sampling,
        most,
        Seeds.stream(seed, "generate"));
  }

  /** One answer a line, in order. */
  public List<Answer> generate(List<String> lines) {
    int[][] prompts = lines.stream().map(words.read()).toArray(int[][]::new);
    int[][] told = sampling.generate(predictor, prompts, most, words.end(), random);
    var out = new ArrayList<Answer>();
    for (int i = 0; i < prompts.length; i++) {
      int n = told[i].length;
      int said = n > 0 && told[i][n - 1] == words.end() ? n - 1 : n;
      var text = words.write().apply(Arrays.copyOf(told[i], said));
      out.add(new Answer(lines.get(i), text, n));
    }
    return out;
  }

  @Override
  public void close() {
    predictor.close();
  }
}
