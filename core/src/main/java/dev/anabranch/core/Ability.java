package dev.anabranch.core;

/** What a method needs of a fabric; compared before anything starts. */
public enum Ability {
  /** One message down, one up, in each visit. */
  ONE_EXCHANGE,
  /** Any number of messages while all invited devices are alive at once. */
  LIVE_LINKS,
  /** Links between devices. */
  PEER_LINKS,
  /** A link from a device to the host of the body. */
  BODY_LINKS,
  /** All data in one place: only a simulation has that, for references. */
  POOLED_DATA
}
