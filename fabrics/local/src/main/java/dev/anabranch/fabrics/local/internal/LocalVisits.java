package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.common.RoundVisits;
import dev.anabranch.fabrics.common.StagedMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The visits of one round, started in device order, as many at a time as may be resident. Of the
 * coordinator's program.
 */
final class LocalVisits extends RoundVisits<Visit, LocalLink> {
  private final Conduct<?> conduct;
  private final Shared shared;
  private final int places;
  private final List<Wire> sharedWires = new ArrayList<>();
  private final Channel ends = new Channel(NodeId.device(0), NodeId.COORDINATOR);
  private int next;
  private int resident;
  private int ended;
  private boolean closing;

  /**
   * @param watched the devices whose memory is measured; with it, that of the body beside the first
   *     of them
   */
  LocalVisits(
      Conduct<?> conduct,
      Shared shared,
      Program coordinator,
      StagedMemory memory,
      int round,
      List<NodeId> devices,
      Set<NodeId> watched,
      boolean watchBody) {
    super(shared.job, memory, round);
    this.conduct = conduct;
    this.shared = shared;
    boolean live = shared.needs(Ability.LIVE_LINKS) || shared.needs(Ability.PEER_LINKS);
    places = live ? Integer.MAX_VALUE : shared.resident;
    ends.reader = coordinator;
    for (var device : devices) {
      add(
          new Visit(
              shared,
              this,
              coordinator,
              memory,
              round,
              device,
              watched.contains(device),
              watchBody && visits().isEmpty()));
    }
    shared.board.relief(this::admitOne);
    shared.board.lock.lock();
    try {
      admit();
    } finally {
      shared.board.lock.unlock();
    }
  }

  private void admit() {
    while (resident < places && admitOne()) {}
  }

  /** Starts the next visit, if there is one. Called with the lock held. */
  private boolean admitOne() {
    if (next == visits().size() || shared.board.stopped()) {
      return false;
    }
    resident++;
    visits().get(next++).start();
    return true;
  }

  /** Frees a visit's place if it is done. Called with the lock held. */
  void changed(Visit visit) {
    if (visit.started
        && visit.running == 0
        && !visit.released
        && (closing || (visit.up.messages.isEmpty() && !visit.held))) {
      visit.released = true;
      resident--;
      ended++;
      admit();
      if (ended == visits().size()) {
        ends.end =
            new Channel.End(
                false, "", new Trace.Transfer(NodeId.COORDINATOR, NodeId.COORDINATOR, 0, true));
        shared.board.arrived(ends);
      }
    }
  }

  @Override
  protected void post(List<LocalLink> to, Parcel parcel) {
    sharedWires.add(parcel.wire());
    to.forEach(link -> link.postShared(parcel));
  }

  @Override
  protected void hold(Visit visit, boolean held) {
    shared.board.lock.lock();
    try {
      visit.held = held;
      changed(visit);
    } finally {
      shared.board.lock.unlock();
    }
  }

  @Override
  protected void stop(AnabranchException why) {
    shared.board.stop(NodeId.COORDINATOR, why);
  }

  @Override
  protected void finish() {
    visits().forEach(Visit::end);
    shared.board.lock.lock();
    try {
      closing = true;
      visits().forEach(this::changed);
      if (!visits().isEmpty()) {
        shared.board.await(conduct.program(), ends, "the visits of round " + round() + " to end");
      }
    } finally {
      shared.board.lock.unlock();
    }
    conduct.closed(this);
  }

  @Override
  protected void join() {
    visits().forEach(Visit::join);
  }

  @Override
  protected void release() {
    visits().forEach(Visit::drop);
    sharedWires.forEach(Wire::close);
    shared.board.relief(() -> false);
  }
}
