package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.grpc.internal.proto.AbandonVisit;
import dev.anabranch.fabrics.grpc.internal.proto.Alive;
import dev.anabranch.fabrics.grpc.internal.proto.BeginVisit;
import dev.anabranch.fabrics.grpc.internal.proto.CloseRun;
import dev.anabranch.fabrics.grpc.internal.proto.Doing;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import dev.anabranch.fabrics.grpc.internal.proto.Look;
import dev.anabranch.fabrics.grpc.internal.proto.OfferRun;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.RunReady;
import dev.anabranch.fabrics.grpc.internal.proto.RunRefused;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import dev.anabranch.fabrics.grpc.internal.proto.Visit;
import dev.anabranch.fabrics.grpc.internal.proto.Work;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What coordinator and agents tell each other beside messages, behind a choice: reports go to the
 * roll of a run, hellos to a hub, orders to the links that they name.
 */
final class StandingFuzz extends FuzzTarget {
  private static final String RUN = "r1";
  private static final Visit VISIT =
      Visit.newBuilder().setRun(RUN).setRound(1).setDevice(2).setAttempt(3).build();

  private final GrpcHub hub = new GrpcHub(Bench.LIMITS, new Random(1));
  private final Identity who = new Identity("a1", null);

  StandingFuzz() {
    hub.open(Bench.key(0), Bench.spool(), Tally.NONE);
  }

  @Override
  List<byte[]> seeds() {
    var out = new ArrayList<byte[]>();
    reports().forEach(report -> out.add(input(0, report.build())));
    orders().forEach(order -> out.add(input(1, order.build())));
    var key = Bench.key(0);
    out.add(input(2, Raw.hello(key, key.b()).build()));
    out.add(input(2, Raw.hello(key, key.b()).setResumed(true).setTo("body 0").build()));
    return out;
  }

  private static byte[] input(int choice, MessageLite message) {
    return FuzzInput.join(FuzzInput.of(choice), message.toByteArray());
  }

  private static List<Report.Builder> reports() {
    return List.of(
        Report.newBuilder().setReady(RunReady.newBuilder().setRun(RUN)),
        Report.newBuilder()
            .setRefused(
                RunRefused.newBuilder().setRun(RUN).setFailure("DATA").setReason("no data")),
        Report.newBuilder()
            .setAlive(
                Alive.newBuilder()
                    .addPreparing(RUN)
                    .addDoing(
                        Doing.newBuilder()
                            .setVisit(VISIT)
                            .setState(Doing.State.WAITING)
                            .setWaitsFor("'global' from coordinator"))),
        Report.newBuilder()
            .setEnded(
                Ended.newBuilder()
                    .setVisit(VISIT)
                    .setOutcome(Ended.Outcome.FAILED)
                    .setReason("x")
                    .setKept(true)
                    .setOpened(true)
                    .setFrozenBytes(4096)
                    .setPeakBytes(8192)
                    .setComputeSeconds(0.5)
                    .setSendingSeconds(0.25)
                    .setWaitingSeconds(1)
                    .addWork(Work.newBuilder().setName("train").setNanos(5).setMacs(6))));
  }

  private static List<Order.Builder> orders() {
    var version = Version.newBuilder().setRound(1).setAttempt(0);
    return List.of(
        Order.newBuilder()
            .setOffer(OfferRun.newBuilder().setRun(RUN).setPlan("a: 1\n").addDevices(2)),
        Order.newBuilder()
            .setBegin(
                BeginVisit.newBuilder()
                    .setVisit(VISIT)
                    .setMemory(version)
                    .addCohort(2)
                    .addCohort(300)
                    .putLost(300, "gone")),
        Order.newBuilder().setAbandon(AbandonVisit.newBuilder().setVisit(VISIT).setReason("no")),
        Order.newBuilder()
            .setLook(Look.newBuilder().setRun(RUN).setDevice(2).setKey("k").setMemory(version)),
        Order.newBuilder().setClose(CloseRun.newBuilder().setRun(RUN)));
  }

  @Override
  void decode(byte[] input) {
    var in = new FuzzInput(input);
    switch (in.choice() % 3) {
      case 0 -> report(in.rest());
      case 1 -> order(in.rest());
      default -> hello(in.rest());
    }
  }

  private static Parcel parcel(byte[] bytes) {
    var none = MemorySegment.ofArray(new byte[0]);
    return new Parcel("t", "protobuf", new Wire(none, MemorySegment.ofArray(bytes), () -> {}));
  }

  private void report(byte[] bytes) {
    var report = Standing.report(parcel(bytes));
    var board = new Board();
    var roll =
        new Roll(RUN, "", hub, board, new AwakeClock(), List.of(who.agent()), who.agent(), 3);
    roll.reported(who.agent(), report);
    boolean refused = report.hasRefused() && report.getRefused().getRun().equals(RUN);
    assertThat(board.failure() != null).isEqualTo(refused);
    if (report.hasEnded()) {
      var ended = report.getEnded();
      assertThat(ended.getPeakBytes()).isNotNegative();
      assertThat(ended.getComputeSeconds()).isFinite().isNotNegative();
    }
  }

  /** What passes names links that there can be. */
  private static void order(byte[] bytes) {
    var order = Standing.order(parcel(bytes));
    if (order.hasBegin()) {
      var visit = order.getBegin().getVisit();
      var key = link(visit.getRound(), visit.getDevice(), visit.getAttempt());
      assertThat(key.b().index()).isEqualTo(visit.getDevice());
    } else if (order.hasLook()) {
      var look = order.getLook();
      assertThat(link(Looks.ROUND, look.getDevice(), look.getNumber()).a().index()).isZero();
    }
  }

  private static LinkKey link(int round, int device, int attempt) {
    var node = NodeId.device(device);
    return LinkKey.between(RUN, round, device, attempt, NodeId.COORDINATOR, node);
  }

  private void hello(byte[] bytes) {
    Hello hello;
    try {
      hello = Hello.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      return; // the reader of frames has refused it
    }
    if (Reception.defect(hello) != null) {
      return;
    }
    try {
      var key = Reception.key(hello);
      var end = NodeId.parse(hello.getFrom());
      assertThat(key.other(end)).hasToString(hello.getTo());
      // Always the first session's, or the link would be lost.
      var same = hello.toBuilder().setSession(ByteString.copyFrom(new byte[16])).build();
      var found = hub.link(who, key, end, same);
      assertThat(found.leg() != null)
          .isEqualTo(key.equals(Bench.key(0)) && end.equals(Bench.key(0).b()));
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining(" (expected: "); // the stream is refused with this text
    }
  }
}
