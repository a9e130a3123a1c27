package dev.anabranch.data;

import dev.anabranch.core.Kind;
import dev.anabranch.data.internal.DirichletSplit;
import dev.anabranch.data.internal.EvenSplit;
import dev.anabranch.data.internal.LongTailSplit;
import dev.anabranch.data.internal.NaturalSplit;
import dev.anabranch.data.internal.PathologicalSplit;
import dev.anabranch.data.internal.QuantitySplit;
import dev.anabranch.data.internal.ShardSplit;
import java.util.List;
import java.util.stream.Stream;

/** The ways to deal examples out that a plan can name. */
public final class Partitioners {
  private static final List<Kind<Partitioner>> PLAIN =
      List.of(
          EvenSplit.KIND,
          DirichletSplit.KIND,
          PathologicalSplit.KIND,
          ShardSplit.KIND,
          QuantitySplit.KIND,
          NaturalSplit.KIND);

  public static final List<Kind<Partitioner>> KINDS =
      Stream.concat(PLAIN.stream(), Stream.of(LongTailSplit.kind(PLAIN))).toList();

  private Partitioners() {}
}
