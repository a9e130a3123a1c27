package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Knob;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Seeds;
import dev.anabranch.testkit.ToyEngine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TrainingTest {
  /** Sizes of the batches over ten rows, four a step. */
  private static List<Integer> sizes(int epochs, int steps) {
    var training =
        new Training(1, 1, 1, 0, 4, epochs, steps, OptimizerSpec.sgd(0.1, 0), Schedule.CONSTANT);
    var out = new ArrayList<Integer>();
    try (var engine = ToyEngine.small(1)) {
      var data = engine.shard(10, 1);
      training.batches(data, data.rows(), Seeds.stream(1, "order")).forEach(b -> out.add(b.size()));
    }
    return out;
  }

  @Test
  void aMethodsOwnKnob_standsInThePlaceOfTheGeneralOneOfItsName() {
    var rate = Training.learningRate(1);
    var own = new Knob.Int("steps", 30, 0, 100, "of its own");
    var more = new Knob.Int("more", 1, 0, 2, "what the others lack");
    var general = Training.knobs(rate);
    int place = general.indexOf(Training.STEPS);
    general.set(place, own);
    general.add(more);
    assertThat(Training.knobs(rate, own, more)).isEqualTo(general);
  }

  @Test
  void steps_areAsManyAsAskedWhateverTheSizeOfTheShard() {
    assertThat(sizes(2, 0)).containsExactly(4, 4, 2, 4, 4, 2);
    assertThat(sizes(2, 2)).containsExactly(4, 4);
    assertThat(sizes(1, 7)).containsExactly(4, 4, 2, 4, 4, 2, 4);
  }
}
