package dev.anabranch.core;

import java.util.function.Predicate;

/**
 * What a run cost. Links and lanes write it; methods, codecs and aggregators cannot. Thread-safe.
 */
public interface Ledger {
  void charge(Charge charge);

  Totals totals(Predicate<Charge> which);
}
