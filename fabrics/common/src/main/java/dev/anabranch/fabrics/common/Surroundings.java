package dev.anabranch.fabrics.common;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Link;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;

/** What a fabric has for the program of one visit. */
public interface Surroundings {
  int round();

  /** Whether the method needs it. */
  boolean needs(Ability ability);

  /** This program's end of the link to another party of the visit. */
  Link link(NodeId peer);

  Memory memory();
}
