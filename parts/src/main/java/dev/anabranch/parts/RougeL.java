package dev.anabranch.parts;

import dev.anabranch.core.Paper;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * ROUGE-L of one generated text against its reference: the F1 of precision and recall of their
 * longest common subsequence of words.
 *
 * <p>Words are what {@code rouge_score} makes them without stemming: lower case, everything but
 * letters a to z and digits between them. Differs from the paper: β = 1, as in that library.
 */
@Paper(
    title = "ROUGE: A Package for Automatic Evaluation of Summaries",
    url = "https://aclanthology.org/W04-1013")
public final class RougeL {
  private RougeL() {}

  /** 0 to 1; 0 if either text has no word. */
  public static double score(String reference, String generated) {
    var expected = words(reference);
    var found = words(generated);
    if (expected.isEmpty() || found.isEmpty()) {
      return 0;
    }
    double common = longest(expected, found);
    double precision = common / found.size();
    double recall = common / expected.size();
    return common == 0 ? 0 : 2 * precision * recall / (precision + recall);
  }

  private static List<String> words(String text) {
    return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^a-z0-9]+"))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private static int longest(List<String> a, List<String> b) {
    int[] best = new int[b.size() + 1];
    for (var word : a) {
      int corner = 0;
      for (int j = 1; j <= b.size(); j++) {
        int above = best[j];
        best[j] = word.equals(b.get(j - 1)) ? corner + 1 : Math.max(best[j], best[j - 1]);
        corner = above;
      }
    }
    return best[b.size()];
  }
}
