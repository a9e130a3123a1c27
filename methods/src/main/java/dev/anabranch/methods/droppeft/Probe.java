package dev.anabranch.methods.droppeft;

import dev.anabranch.core.Device;
import java.util.Arrays;

/**
 * A visit's examples: those it trains on, and those it holds back to see what training was worth.
 */
record Probe(int[] train, int[] held) {
  /**
   * Draws examples; at most a quarter of them are held back.
   *
   * @param examples to train on; 0: all but those held back
   */
  static Probe split(Device me, int examples, int wanted) {
    if (wanted == 0) {
      return new Probe(me.data().sample(examples, me.random("sample")), new int[0]);
    }
    int[] all = me.data().sample(examples == 0 ? 0 : examples + wanted, me.random("sample"));
    int held = Math.min(wanted, all.length / 4);
    int[] order = all.clone();
    dev.anabranch.core.Seeds.shuffle(order, me.random("probe"));
    int[] train = Arrays.copyOf(order, order.length - held);
    Arrays.sort(train);
    return new Probe(train, Arrays.copyOfRange(order, train.length, order.length));
  }

  /** Mean loss of the whole model on the examples held back; 0 if there are none. */
  double loss(Device me, int batch) {
    double sum = 0;
    for (var part : me.data().inOrder(held, batch)) {
      sum += part.size() * me.model().route().loss(part);
    }
    return held.length == 0 ? 0 : sum / held.length;
  }
}
