package dev.anabranch.data;

import dev.anabranch.core.Kind;
import dev.anabranch.data.internal.DirichletSplit;
import dev.anabranch.data.internal.EvenSplit;
import java.util.List;

/** The ways to deal examples out that a plan can name. */
public final class Partitioners {
  public static final List<Kind<Partitioner>> KINDS = List.of(EvenSplit.KIND, DirichletSplit.KIND);

  private Partitioners() {}
}
