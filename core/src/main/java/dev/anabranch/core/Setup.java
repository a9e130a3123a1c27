package dev.anabranch.core;

/** What a method's first state is made of. */
public interface Setup {
  ModelFacts model();

  /** Initial trained variables of the segments that a role holds, equal for all parties. */
  TensorMap initialTrainable(NodeId.Role holder);

  /** Those of one segment that a role holds. */
  TensorMap initialTrainable(NodeId.Role holder, String segment);
}
