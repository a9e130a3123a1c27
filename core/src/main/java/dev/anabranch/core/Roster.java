package dev.anabranch.core;

import java.util.List;

/** The devices of a run, in order of their index. */
public interface Roster {
  List<NodeId> devices();
}
