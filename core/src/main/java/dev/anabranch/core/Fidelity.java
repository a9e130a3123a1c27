package dev.anabranch.core;

/** What a codec claims about the values that come out; the contract kit tests the claim. */
public enum Fidelity {
  /** Bit for bit. */
  EXACT,
  /** Every value is near its original, by a bound that the codec states. */
  ROUNDED,
  /** Some values are exact, the rest are zero. */
  SPARSE,
  /** Right in expectation only. */
  RANDOM
}
