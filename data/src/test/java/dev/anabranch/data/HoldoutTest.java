package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HoldoutTest {
  /** As many examples of each class as told, one class after another. */
  private static Corpus corpus(int... counts) {
    var examples =
        IntStream.range(0, counts.length)
            .boxed()
            .flatMap(c ->
                IntStream.range(0, counts[c])
                    .mapToObj(i -> new Example("text " + i, null, c, null)))
            .toList();
    return new Corpus(
        examples, IntStream.range(0, counts.length).mapToObj(c -> "c" + c).toList(), "");
  }

  @Test
  void share_holdsForEveryClass() {
    var corpus = corpus(100, 50, 7, 1);
    var split = Holdout.stratified(corpus, 0.1, 42);
    assertThat(corpus.counts(split.holdout())).containsExactly(10, 5, 1, 0);
    assertThat(corpus.counts(split.train())).containsExactly(90, 45, 6, 1);
    assertThat(IntStream.concat(IntStream.of(split.train()), IntStream.of(split.holdout())))
        .containsExactlyInAnyOrder(IntStream.range(0, 158).boxed().toArray(Integer[]::new));
  }

  @Test
  void everyClass_keepsATrainingExample() {
    var corpus = corpus(1, 2, 3);
    assertThat(corpus.counts(Holdout.stratified(corpus, 0.99, 1).train())).containsExactly(1, 1, 1);
  }

  @Test
  void seed_decides() {
    var corpus = corpus(100, 100);
    int[] one = Holdout.stratified(corpus, 0.2, 1).holdout();
    assertThat(Holdout.stratified(corpus, 0.2, 1).holdout()).isEqualTo(one);
    assertThat(Holdout.stratified(corpus, 0.2, 2).holdout()).isNotEqualTo(one);
  }

  @Test
  void share_outOfRangeIsRefused() {
    assertThatThrownBy(() -> Holdout.stratified(corpus(5, 5), 1, 1))
        .isInstanceOf(AnabranchException.class)
        .hasMessage("data.holdout: 1.0 (expected: 0 to below 1)");
    assertThatThrownBy(() -> Holdout.stratified(corpus(5, 5), 0.01, 1))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "data.holdout: 0.01 (expected: a share that gives at least one of 10 examples)");
    assertThat(Holdout.stratified(corpus(5, 5), 0, 1).holdout()).isEmpty();
  }

  @Test
  void label_unseenInTrainingIsRefused() {
    var corpus = corpus(2, 2, 2);
    var split = new Holdout(new int[] {0, 2, 4}, new int[] {1, 3, 5});
    split.requireLabelsIn(corpus, split.inCorpus(List.of(new int[] {0, 2}, new int[] {1})));
    assertThatThrownBy(
            () -> split.requireLabelsIn(corpus, split.inCorpus(List.of(new int[] {0, 2}))))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "label of hold-out example 3: c1 (expected: a label that some device trains on: c0,"
                + " c2)");
  }
}
