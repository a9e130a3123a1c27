package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.common.RoundVisits;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The visits of one round. Of the coordinator's program. */
final class RemoteVisits extends RoundVisits<RemoteVisit, CoordinatorLink> {
  private final List<VisitGroup> groups = new ArrayList<>();
  private final RunContext run;
  private final Watch watch;
  private final Consumer<RemoteVisits> whenClosed;
  private final List<SharedWire> wires = new ArrayList<>();

  /**
   * @param memory of the coordinator
   * @param versions what each party keeps on its disk
   * @param whenClosed told when all visits have ended
   */
  RemoteVisits(
      RunContext run,
      Watch watch,
      Memory memory,
      int round,
      List<NodeId> devices,
      Map<String, Version> versions,
      Consumer<RemoteVisits> whenClosed) {
    super(run.job(), memory, round);
    this.run = run;
    this.watch = watch;
    this.whenClosed = whenClosed;
    for (var device : devices) {
      add(new RemoteVisit(run, memory, round, device));
    }
    if (run.needs(Ability.PEER_LINKS)) {
      groups.add(new VisitGroup(run, round, visits(), versions));
    } else {
      visits().forEach(v -> groups.add(new VisitGroup(run, round, List.of(v), versions)));
    }
    run.board().change(() -> watch.over(groups, visits()));
    groups.forEach(VisitGroup::start);
  }

  /** Under which name the memory of a party is noted. */
  static String memoryName(NodeId party, NodeId device) {
    return party.equals(device) ? party.toString() : party + " for " + device;
  }

  @Override
  protected void post(List<CoordinatorLink> to, Parcel parcel) {
    var wire = new SharedWire(parcel.wire());
    wires.add(wire);
    to.forEach(link -> link.postShared(parcel.topic(), parcel.codec(), wire));
  }

  @Override
  protected void stop(AnabranchException why) {
    run.board().stop(why);
  }

  @Override
  protected void finish() {
    visits().forEach(RemoteVisit::end);
    awaitAll();
    whenClosed.accept(this);
  }

  /** Waits until every visit is whole or given up. */
  private void awaitAll() {
    var board = run.board();
    board.lock.lock();
    try {
      visits().forEach(v -> v.awaited("its end"));
      board.until(() -> groups.stream().allMatch(VisitGroup::over));
    } finally {
      board.lock.unlock();
    }
  }

  @Override
  protected void join() {
    groups.forEach(VisitGroup::join);
    run.board().change(() -> watch.over(List.of(), List.of()));
  }

  @Override
  protected void release() {
    visits().forEach(RemoteVisit::free);
    wires.forEach(SharedWire::close);
  }
}
