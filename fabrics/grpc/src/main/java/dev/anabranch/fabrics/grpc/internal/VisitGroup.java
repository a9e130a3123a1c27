package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.BodyParty;
import dev.anabranch.fabrics.common.RoundPage;
import dev.anabranch.fabrics.common.Stopped;
import dev.anabranch.fabrics.common.Threads;
import dev.anabranch.fabrics.grpc.internal.proto.AbandonVisit;
import dev.anabranch.fabrics.grpc.internal.proto.BeginVisit;
import dev.anabranch.fabrics.grpc.internal.proto.Doing;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import dev.anabranch.fabrics.grpc.internal.proto.Visit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Visits that are tried together: a single one or, where devices talk to each other, all of a
 * round. Its keeper, a thread, begins attempts until one is whole or the visits are given up.
 */
final class VisitGroup implements Roll.RollListener {
  /** An agent that dies at the same place over and over makes no progress, however busy it is. */
  private static final int MOST_STARTS = 10;

  private final RunContext run;
  private final int round;
  private final List<RemoteVisit> members;
  private final Map<String, Version> memories;
  private final boolean together;
  private final Thread keeper;

  // Under the board's lock.
  private int attempt = -1;
  private boolean running;
  private @Nullable String broken;
  private boolean over;
  private int starts;

  // The keeper's own.
  private final List<Hub.Relay> relays = new ArrayList<>();

  /**
   * @param memories what each party keeps on its disk
   */
  VisitGroup(RunContext run, int round, List<RemoteVisit> members, Map<String, Version> memories) {
    this.run = run;
    this.round = round;
    this.members = members;
    this.memories = Map.copyOf(memories);
    together = run.needs(Ability.PEER_LINKS);
    members.forEach(visit -> visit.join(this));
    keeper =
        Thread.ofVirtual().name("visits of round " + round + ": " + names()).unstarted(this::keep);
  }

  private String names() {
    return members.stream().map(visit -> visit.device.toString()).toList().toString();
  }

  void start() {
    run.roll().listen(this);
    keeper.start();
  }

  /** Whether no attempt is or will be under way. Called with the lock held. */
  boolean over() {
    return over;
  }

  void join() {
    Threads.join(keeper);
  }

  private void keep() {
    try {
      boolean again = true;
      while (again) {
        again = attempt();
      }
    } catch (Stopped e) {
      letGo("the run has ended");
    } catch (Throwable e) { // whatever it is, it ends the run
      letGo("the coordinator failed");
      failed(e);
    } finally {
      run.roll().forget(this);
      run.board().change(() -> over = true);
    }
  }

  /** Ends the run. */
  void failed(Throwable e) {
    run.board()
        .stop(
            e instanceof AnabranchException known
                ? known
                : new AnabranchException(
                    Failure.PROGRAM,
                    "coordinator in round " + round + ": " + e + " (expected: visits that go on)",
                    e));
  }

  /** Begins one attempt and sees it to its end; false if there is nothing more to try. */
  private boolean attempt() {
    var live = awaitAgents();
    if (live.isEmpty()) {
      return false;
    }
    begin(live);
    if (!awaitEnd(live)) {
      letGo(Objects.requireNonNullElse(broken, "given up"));
      live.forEach(visit -> visit.folder.drop(attempt));
      return true;
    }
    live.forEach(visit -> {
      visit.seal(attempt);
      tell(visit, "whole");
    });
    relays.forEach(Hub.Relay::close);
    relays.clear();
    live.forEach(visit -> visit.parties().forEach(party -> visit.link(party).detach(null)));
    return false;
  }

  /** A line that a person who watches sees at once: what this attempt has come to. */
  private void tell(RemoteVisit visit, String state, Object... more) {
    var fields =
        RoundPage.fields("device", visit.device.index(), "attempt", attempt + 1, "state", state);
    fields.putAll(RoundPage.fields(more));
    run.live("attempt", round, fields);
  }

  private List<RemoteVisit> awaitAgents() {
    var board = run.board();
    board.lock.lock();
    try {
      board.until(() -> live().flatMap(v -> v.parties().stream()).allMatch(run.roll()::ready));
      var live = live().toList();
      running = !live.isEmpty();
      broken = null;
      live.forEach(RemoteVisit::begins);
      attempt =
          Math.max(
              attempt + 1,
              live.stream().mapToInt(visit -> visit.folder.nextAttempt()).max().orElse(0));
      return live;
    } finally {
      board.lock.unlock();
    }
  }

  /** Visits that are neither whole nor given up. */
  private Stream<RemoteVisit> live() {
    for (var visit : members) {
      var why = run.roll().refused(visit.device);
      if (why != null) {
        visit.giveUp(why);
      }
    }
    return members.stream().filter(visit -> !visit.settled());
  }

  /** Opens links, then tells the agents. */
  private void begin(List<RemoteVisit> live) {
    for (var visit : live) {
      tell(visit, "invited");
      for (var party : visit.parties()) {
        var spool = new FileSpool(visit.folder.inbox(attempt, party), this::failed);
        var pipe = run.hub().open(key(visit, NodeId.COORDINATOR, party), spool, visit.accounts);
        visit.link(party).attach(pipe, spool);
      }
      if (visit.toBody != null) {
        relays.add(run.hub().relay(key(visit, visit.device, BodyParty.BODY), visit.accounts));
      }
    }
    if (together) {
      relayPeers(live);
    }
    var lost = new TreeMap<Integer, String>();
    members.forEach(visit -> {
      if (!live.contains(visit)) {
        lost.put(visit.device.index(), Objects.requireNonNullElse(visit.lost(), "it has ended"));
      }
    });
    for (var visit : live) {
      visit.parties().forEach(party -> tell(visit, party, lost));
    }
  }

  private LinkKey key(RemoteVisit visit, NodeId one, NodeId other) {
    return LinkKey.between(run.run(), round, visit.device.index(), attempt, one, other);
  }

  private void relayPeers(List<RemoteVisit> live) {
    for (int i = 0; i < live.size(); i++) {
      for (int j = i + 1; j < live.size(); j++) {
        var low = live.get(i);
        relays.add(run.hub().relay(key(low, low.device, live.get(j).device), low.accounts));
      }
    }
  }

  private void tell(RemoteVisit visit, NodeId party, Map<Integer, String> lost) {
    boolean body = party.equals(BodyParty.BODY);
    var begin =
        BeginVisit.newBuilder().setVisit(visit.named(attempt)).setBody(body).putAllLost(lost);
    if (together) {
      members.forEach(member -> begin.addCohort(member.device.index()));
    }
    var memory = memories.get(RemoteVisits.memoryName(party, visit.device));
    if (memory != null) {
      begin.setMemory(memory);
    }
    if (!run.roll().tell(party, Order.newBuilder().setBegin(begin).build())) {
      run.board().change(() -> broken(party + " does not attend"));
    }
  }

  private boolean awaitEnd(List<RemoteVisit> live) {
    var board = run.board();
    board.lock.lock();
    try {
      board.until(() ->
          broken != null
              || live.stream().anyMatch(RemoteVisit::settled)
              || live.stream().allMatch(RemoteVisit::complete));
      running = false;
      return broken == null && live.stream().noneMatch(RemoteVisit::settled);
    } finally {
      board.lock.unlock();
    }
  }

  /** Ends the attempt that is under way, wherever it goes on. */
  private void letGo(String reason) {
    run.board().change(() -> running = false);
    for (var visit : members) {
      if (visit.attempt() < 0) {
        var order =
            Order.newBuilder()
                .setAbandon(
                    AbandonVisit.newBuilder()
                        .setVisit(visit.named(Math.max(0, attempt)))
                        .setReason(reason))
                .build();
        visit.parties().forEach(party -> run.roll().tell(party, order));
        visit.parties().forEach(party -> visit.link(party).detach(reason));
      }
    }
    relays.forEach(relay -> {
      relay.lose(reason);
      relay.close();
    });
    relays.clear();
  }

  /** This attempt can do nothing more. Called with the lock held. */
  void broken(String reason) {
    if (running && broken == null) {
      broken = reason;
      for (var visit : members) {
        if (!visit.settled()) {
          tell(visit, "broken", "reason", reason);
        }
      }
    }
  }

  @Override
  public void broke(String agent, String reason, boolean again) {
    for (var visit : members) {
      if (!visit.settled() && playedBy(visit, agent)) {
        broken(reason);
        if (again && run.roll().agent(visit.device).equals(agent) && ++starts > MOST_STARTS) {
          visit.giveUp(
              "%s was started again %d times in this visit; see what its own log says"
                  .formatted(agent, MOST_STARTS));
        }
      }
    }
  }

  private boolean playedBy(RemoteVisit visit, String agent) {
    return visit.parties().stream().anyMatch(party -> run.roll().agent(party).equals(agent));
  }

  @Override
  public void reported(String agent, Report report) {
    switch (report.getWhatCase()) {
      case ENDED -> {
        var visit = of(report.getEnded().getVisit());
        if (visit != null) {
          ended(visit, report.getEnded());
        }
      }
      case ALIVE -> {
        report.getAlive().getDoingList().forEach(this::doing);
        if (report.getAlive().getPreparingList().contains(run.run())) {
          members.stream().filter(v -> playedBy(v, agent)).forEach(RemoteVisit::progressed);
        }
      }
      default -> {}
    }
  }

  private void doing(Doing doing) {
    var visit = of(doing.getVisit());
    if (visit != null && doing.getState() == Doing.State.WORKING) {
      visit.progressed();
    }
  }

  /** The visit of the attempt that is under way; null if it is another. */
  private @Nullable RemoteVisit of(Visit named) {
    if (!running
        || named.getRound() != round
        || named.getAttempt() != attempt
        || !named.getRun().equals(run.run())) {
      return null;
    }
    return members.stream()
        .filter(visit -> visit.device.index() == named.getDevice())
        .findFirst()
        .orElse(null);
  }

  private void ended(RemoteVisit visit, Ended ended) {
    visit.progressed();
    switch (ended.getOutcome()) {
      case WELL, LOST, FAILED, UNRECOGNIZED -> visit.ended(ended);
      case BROKEN -> {
        var who = (ended.getBody() ? BodyParty.BODY + " for " : "") + visit.device;
        broken(who + ": " + ended.getReason());
      }
    }
  }

  /** Bytes that have crossed so far; asked by the watch. Called with the lock held. */
  void lookAtTraffic() {
    members.forEach(visit -> {
      long bytes = 0;
      for (var crossed : visit.accounts.hops().values()) {
        bytes += crossed.payload() + crossed.framing();
      }
      visit.moved(bytes);
    });
  }
}
