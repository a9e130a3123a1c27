package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.CloseRun;
import dev.anabranch.fabrics.grpc.internal.proto.OfferRun;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Which agent plays which party of a run, and which are there and ready. Thread-safe, under the
 * board's lock.
 */
public final class Roll {
  /** An agent of this run. */
  private static final class Seat {
    boolean attending;
    boolean ready;
    @Nullable String refused;
    double heard;

    /** Whether it loads what it needs for this run, and has not done so lately. */
    boolean stuck;

    /** Since which round it is away; below 0: it is not. */
    int awaySince = -1;

    final List<Integer> devices = new ArrayList<>();
    boolean body;
  }

  private final String run;
  private final String plan;
  private final Hub hub;
  private final Board board;
  private final AwakeClock clock;
  private final List<String> devices;
  private final @Nullable String body;
  private final Map<String, Seat> seats = new TreeMap<>();
  private final List<RollListener> listeners = new ArrayList<>();

  /** Hears what happens; called with the board's lock held. */
  interface RollListener {
    /**
     * What an agent was doing is lost.
     *
     * @param again whether it was started anew; else it is gone
     */
    void broke(String agent, String reason, boolean again);

    void reported(String agent, Report report);
  }

  /**
   * @param devices agents, dealt to devices in turn: device i is played by agent i mod size
   * @param body the agent of the body; null where a method needs none
   * @param count how many devices there are
   */
  Roll(
      String run,
      String plan,
      Hub hub,
      Board board,
      AwakeClock clock,
      List<String> devices,
      @Nullable String body,
      int count) {
    this.run = run;
    this.plan = plan;
    this.hub = hub;
    this.board = board;
    this.clock = clock;
    this.devices = List.copyOf(devices);
    this.body = body;
    for (int i = 0; i < count; i++) {
      seats.computeIfAbsent(agent(NodeId.device(i)), name -> new Seat()).devices.add(i);
    }
    if (body != null) {
      seats.computeIfAbsent(body, name -> new Seat()).body = true;
    }
    double now = clock.now();
    seats.values().forEach(seat -> seat.heard = now);
  }

  void listen(RollListener listener) {
    board.change(() -> listeners.add(listener));
  }

  void forget(RollListener listener) {
    board.change(() -> listeners.remove(listener));
  }

  /** The agent that plays a party. */
  String agent(NodeId party) {
    return switch (party.role()) {
      case DEVICE -> devices.get(party.index() % devices.size());
      case BODY -> java.util.Objects.requireNonNull(body);
      case COORDINATOR -> throw new IllegalArgumentException("agent of the coordinator");
    };
  }

  void eachDevice(BiConsumer<Integer, String> what) {
    seats.forEach((agent, seat) -> seat.devices.forEach(i -> what.accept(i, agent)));
  }

  /** Whether an agent is the one that plays a party. */
  public boolean plays(String agent, NodeId party) {
    var seat = seats.get(agent);
    return seat != null
        && switch (party.role()) {
          case DEVICE -> seat.devices.contains(party.index());
          case BODY -> seat.body;
          case COORDINATOR -> false;
        };
  }

  /** Whether the agent of a party is there and has the run ready. Called with the lock held. */
  boolean ready(NodeId party) {
    var seat = seat(agent(party));
    return seat.attending && seat.ready;
  }

  /** Why the agent of a party will not take part; null if it has not said so. */
  @Nullable String refused(NodeId party) {
    return seat(agent(party)).refused;
  }

  /** When the agent of a party last gave a sign. Called with the lock held. */
  double heard(NodeId party) {
    return seat(agent(party)).heard;
  }

  /**
   * Says why nobody waits for a party any more: it was silent for the deadline, in this round or
   * before. Called with the lock held.
   */
  String away(NodeId party, int round, String deadline) {
    var seat = seat(agent(party));
    if (seat.awaySince >= 0 && seat.awaySince < round) {
      return "%s is away since round %d (its agent '%s' %s)"
          .formatted(party, seat.awaySince, agent(party), connected(party));
    }
    seat.awaySince = round;
    return "%s gave no sign for %s (its agent '%s' %s)"
        .formatted(party, deadline, agent(party), connected(party));
  }

  private String connected(NodeId party) {
    if (!hub.connected(agent(party))) {
      return "is not connected";
    }
    return seat(agent(party)).stuck
        ? "is connected, but is stuck in loading its model and data; see its own log"
        : "is connected";
  }

  /** An agent has given a sign. */
  private void heard(Seat seat) {
    seat.heard = clock.now();
    seat.awaySince = -1;
    seat.stuck = false;
  }

  /** Whether a report says no more than that the agent waits in preparing this run. */
  private boolean stuck(Report report) {
    var alive = report.getAlive();
    return report.getWhatCase() == Report.WhatCase.ALIVE
        && !alive.getPrepares()
        && alive.getPreparingList().contains(run);
  }

  private Seat seat(String agent) {
    return java.util.Objects.requireNonNull(seats.get(agent));
  }

  /** An agent attends. */
  public void attends(String agent, boolean fresh) {
    var seat = seats.get(agent);
    if (seat == null) {
      return;
    }
    board.change(() -> {
      heard(seat);
      seat.attending = true;
      if (fresh) {
        seat.ready = false;
        seat.refused = null;
        listeners.forEach(l -> l.broke(agent, agent + " was started again", true));
      }
    });
    if (fresh) {
      hub.tell(
          agent,
          Order.newBuilder()
              .setOffer(
                  OfferRun.newBuilder()
                      .setRun(run)
                      .setPlan(plan)
                      .addAllDevices(seat.devices)
                      .setBody(seat.body))
              .build());
    }
  }

  /** An agent is away for good. */
  public void gone(String agent, String reason) {
    var seat = seats.get(agent);
    if (seat != null) {
      board.change(() -> {
        seat.attending = false;
        seat.ready = false;
        listeners.forEach(l -> l.broke(agent, agent + " is gone: " + reason, false));
      });
    }
  }

  /** An agent has reported. */
  public void reported(String agent, Report report) {
    var seat = seats.get(agent);
    if (seat == null) {
      return;
    }
    board.change(() -> {
      if (stuck(report)) {
        seat.stuck = true;
        return;
      }
      heard(seat);
      switch (report.getWhatCase()) {
        case READY -> seat.ready |= report.getReady().getRun().equals(run);
        case REFUSED -> {
          if (report.getRefused().getRun().equals(run)) {
            refuse(agent, seat, report);
          }
        }
        default -> listeners.forEach(l -> l.reported(agent, report));
      }
    });
  }

  private void refuse(String agent, Seat seat, Report report) {
    var why = agent + " refuses: " + report.getRefused().getReason();
    seat.refused = why;
    if (seat.body) {
      board.stop(new AnabranchException(failure(report.getRefused().getFailure()), "body: " + why));
    }
  }

  /** A failure by its name; PROGRAM if there is none of that name. */
  static Failure failure(String name) {
    for (var failure : Failure.values()) {
      if (failure.name().equals(name)) {
        return failure;
      }
    }
    return Failure.PROGRAM;
  }

  /** Tells an agent something about this run; false if it is not there. */
  boolean tell(NodeId party, Order order) {
    return hub.tell(agent(party), order);
  }

  /** Ends the run. */
  public void stop(AnabranchException why) {
    board.stop(why);
  }

  /** Tells all agents that the run is over. */
  void close(String reason) {
    var order =
        Order.newBuilder().setClose(CloseRun.newBuilder().setRun(run).setReason(reason)).build();
    seats.keySet().forEach(agent -> hub.tell(agent, order));
  }

  Collection<String> agents() {
    return seats.keySet();
  }
}
