package dev.anabranch.core;

/** What the body's program may do during one visit of one device. */
public interface BodyHost extends Node {
  int round();

  /** The device that is served. */
  Link device();

  Link coordinator();

  /** The body's segment, with trained variables of this visit's own. */
  Model model();
}
