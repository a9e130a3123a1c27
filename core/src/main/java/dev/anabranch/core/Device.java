package dev.anabranch.core;

/** What a device's program may do during a visit. */
public interface Device extends Node {
  int round();

  Link coordinator();

  /** The link to the body or to another device; refused unless the method's needs include it. */
  Link link(NodeId peer);

  /** The link to the body that serves this visit. */
  default Link body() {
    return link(NodeId.body(0));
  }

  Shard data();

  /** This device's segments, loaded and parameterised; resident until the visit ends. */
  Model model();

  /**
   * Closes the model, once what it has learned has been taken as values: a device that goes on to
   * wait for others then holds none. The next {@link #model()} opens it anew, as at first.
   */
  void release();

  Memory memory();

  /**
   * Measured from outside and charged to nobody: how these trained variables do on the hold-out.
   */
  Metrics evaluate(TensorMap trained);
}
