package dev.anabranch.fabrics.grpc.internal;

import java.util.List;
import java.util.Locale;

/**
 * Gives up visits that make no progress within the deadline, of which there are two kinds: nobody
 * gives a sign, or the coordinator waits for a visit while nothing at all moves in the round. Bytes
 * that cross and work that is reported are progress. Nothing else ends a visit by time.
 */
final class Watch {
  private static final long TICK_MILLIS = 500;

  private final RunContext run;
  private final Thread thread;
  private volatile boolean ended;
  private List<VisitGroup> groups = List.of();
  private List<RemoteVisit> visits = List.of();

  Watch(RunContext run) {
    this.run = run;
    thread = Thread.ofVirtual().name("watch of run " + run.run()).unstarted(this::watch);
  }

  void start() {
    thread.start();
  }

  void end() {
    ended = true;
    thread.interrupt();
  }

  /** The round that is watched from now on. Called with the lock held. */
  void over(List<VisitGroup> groups, List<RemoteVisit> visits) {
    this.groups = groups;
    this.visits = visits;
  }

  private void watch() {
    while (!ended) {
      try {
        Thread.sleep(TICK_MILLIS); // silence is told by the clock alone
      } catch (InterruptedException e) {
        continue;
      }
      run.board().lock.lock();
      try {
        look();
      } finally {
        run.board().lock.unlock();
      }
    }
  }

  private void look() {
    double now = run.clock().now();
    groups.forEach(VisitGroup::lookAtTraffic);
    double newest = visits.stream().mapToDouble(RemoteVisit::progress).max().orElse(now);
    for (var visit : visits) {
      if (visit.settled()) {
        continue;
      }
      for (var party : visit.parties()) {
        if (now - Math.max(run.roll().heard(party), visit.progress()) > run.deadline()) {
          visit.giveUp(
              "%s gave no sign for %s (its agent '%s' %s)"
                  .formatted(
                      party,
                      seconds(),
                      run.roll().agent(party),
                      run.roll().attending(party) ? "is connected" : "is not connected"));
        }
      }
      double since = Math.max(visit.awaitedSince(), newest);
      if (now - since > run.deadline()) {
        visit.giveUp("no progress for " + seconds());
      }
    }
    run.board().changed(); // others look at the clock too
  }

  private String seconds() {
    return String.format(Locale.ROOT, "%.0f s", run.deadline());
  }
}
