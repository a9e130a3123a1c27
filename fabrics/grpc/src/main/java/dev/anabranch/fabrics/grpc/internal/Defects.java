package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.Doing;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Flow;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.Sealed;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import dev.anabranch.fabrics.grpc.internal.proto.Visit;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What is wrong with a message whose form is right: a number that stands for none, a party that
 * there cannot be. Nobody else asks again, so whatever is read passes here first. A defect reads
 * {@code name: value (expected: …)}.
 */
final class Defects {
  /** No count of bytes, nanoseconds or products comes near it; sums of a few do not overflow. */
  private static final long LARGEST = 1L << 60;

  private Defects() {}

  /** Of what an agent says. */
  static Optional<String> of(Report report) {
    return switch (report.getWhatCase()) {
      case ENDED -> of(report.getEnded());
      case ALIVE -> first(report.getAlive().getDoingList(), Defects::of);
      case READY, REFUSED, WHAT_NOT_SET -> Optional.empty();
    };
  }

  /** Of what a coordinator says. */
  static Optional<String> of(Order order) {
    return switch (order.getWhatCase()) {
      case OFFER -> first(order.getOffer().getDevicesList(), n -> index("offer.devices", n));
      case BEGIN -> {
        var begin = order.getBegin();
        yield some(
            of(begin.getVisit()),
            of(begin.getMemory()),
            first(begin.getCohortList(), n -> index("begin.cohort", n)),
            first(begin.getLostMap().keySet(), n -> index("begin.lost", n)));
      }
      case ABANDON -> of(order.getAbandon().getVisit());
      case LOOK -> {
        var look = order.getLook();
        yield some(
            index("look.device", look.getDevice()),
            index("look.number", look.getNumber()),
            of(look.getMemory()));
      }
      case CLOSE, WHAT_NOT_SET -> Optional.empty();
    };
  }

  /** Of the file that says that a visit is whole. */
  static Optional<String> of(Sealed sealed) {
    return some(
        of(sealed.getVisit()),
        first(sealed.getEndedList(), Defects::of),
        first(sealed.getFlowsList(), Defects::of),
        seconds("began", sealed.getBegan()),
        seconds("finished", sealed.getFinished()));
  }

  private static Optional<String> of(Visit visit) {
    return some(
        index("visit.round", visit.getRound()),
        index("visit.device", visit.getDevice()),
        index("visit.attempt", visit.getAttempt()));
  }

  private static Optional<String> of(Version version) {
    return some(
        index("memory.round", version.getRound()), index("memory.attempt", version.getAttempt()));
  }

  private static Optional<String> of(Doing doing) {
    return doing.getState() == Doing.State.UNRECOGNIZED
        ? wrong("doing.state", doing.getStateValue(), "0 to 2")
        : of(doing.getVisit());
  }

  private static Optional<String> of(Ended ended) {
    return some(
        of(ended.getVisit()),
        ended.getOutcome() == Ended.Outcome.UNRECOGNIZED
            ? wrong("ended.outcome", ended.getOutcomeValue(), "0 to 3")
            : Optional.empty(),
        amount("ended.frozen_bytes", ended.getFrozenBytes()),
        amount("ended.peak_bytes", ended.getPeakBytes()),
        first(ended.getWorkList(), w -> amount("work.nanos", w.getNanos())),
        first(ended.getWorkList(), w -> amount("work.macs", w.getMacs())),
        seconds("ended.compute_seconds", ended.getComputeSeconds()),
        seconds("ended.sending_seconds", ended.getSendingSeconds()),
        seconds("ended.waiting_seconds", ended.getWaitingSeconds()));
  }

  private static Optional<String> of(Flow flow) {
    return some(
        node("flow.from", flow.getFrom()),
        node("flow.to", flow.getTo()),
        index("flow.messages", flow.getMessages()),
        amount("flow.payload", flow.getPayload()),
        amount("flow.framing", flow.getFraming()));
  }

  private static Optional<String> node(String name, String text) {
    try {
      NodeId.parse(text);
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return wrong(name, "'" + text + "'", "such as 'device 7'");
    }
  }

  private static Optional<String> index(String name, int value) {
    return value < 0
        ? wrong(name, Integer.toUnsignedString(value), "below 2^31")
        : Optional.empty();
  }

  private static Optional<String> amount(String name, long value) {
    return value < 0 || value > LARGEST
        ? wrong(name, Long.toUnsignedString(value), "at most 2^60")
        : Optional.empty();
  }

  private static Optional<String> seconds(String name, double value) {
    return value >= 0 && value < Double.POSITIVE_INFINITY
        ? Optional.empty()
        : wrong(name, value, "seconds, at least 0");
  }

  private static Optional<String> wrong(String name, Object value, String expected) {
    return Optional.of(name + ": " + value + " (expected: " + expected + ")");
  }

  @SafeVarargs
  private static Optional<String> some(Optional<String>... defects) {
    return Stream.of(defects).flatMap(Optional::stream).findFirst();
  }

  private static <T> Optional<String> first(Iterable<T> all, Function<T, Optional<String>> defect) {
    for (var one : all) {
      var found = defect.apply(one);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }
}
