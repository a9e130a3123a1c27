package dev.anabranch.app.papers;

import dev.anabranch.core.Kind;
import java.util.List;
import java.util.stream.Stream;

/** What a claim is judged by: one number from the records of runs. */
public interface Measure {
  /** All that a claims file can choose from. */
  List<Kind<? extends Measure>> KINDS =
      Stream.<Kind<? extends Measure>>of(
              Ratio.KIND,
              ShareSaved.KIND,
              Difference.KIND,
              ShareOfWay.KIND,
              LastStep.KIND,
              ToTarget.TIME,
              ToTarget.BYTES,
              AtEqualCost.KIND,
              OverlappedTime.KIND,
              GossipTraffic.KIND)
          .toList();

  /** Short names of the plans that it needs. */
  List<String> plans();

  /** What is computed, in words. */
  String how();

  Measured of(Runs runs);
}
