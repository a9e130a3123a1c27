package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Books;
import dev.anabranch.core.Charge;
import dev.anabranch.core.VisitCost;
import dev.anabranch.fabrics.common.BodyParty;
import dev.anabranch.fabrics.common.Hop;
import dev.anabranch.fabrics.common.Notes;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import java.util.HashMap;
import java.util.Map;

/** Books what visits cost, and notes what they left. Of the coordinator's program. */
final class VisitBooks {
  private final Books books;
  private final Notes notes;
  private final RemoteNotes kept;
  private Map<Hop, Integer> messages = new HashMap<>();

  VisitBooks(Books books, Notes notes, RemoteNotes kept) {
    this.books = books;
    this.notes = notes;
    this.kept = kept;
  }

  /** What a visit took, by the wall. */
  static VisitCost cost(RemoteVisit visit) {
    return new VisitCost(
        visit.finished() - visit.began(),
        visit.computeSeconds(),
        visit.sendingSeconds(),
        visit.ends().stream()
            .filter(ended -> !ended.getBody())
            .mapToLong(Ended::getPeakBytes)
            .max()
            .orElse(0));
  }

  /** Books all attempts of a visit that is over. */
  void book(RemoteVisit visit) {
    visit
        .accounts
        .hops()
        .forEach((hop, crossed) -> {
          books.charge(
              new Charge.Wire(
                  hop.from(),
                  hop.to(),
                  hop.topic(),
                  visit.round,
                  crossed.payload(),
                  crossed.framing()));
          messages.merge(hop, crossed.messages(), Integer::sum);
        });
    boolean sound = visit.lost() == null;
    visit.ends().forEach(ended -> book(visit, ended, sound));
  }

  private void book(RemoteVisit visit, Ended ended, boolean sound) {
    var party = ended.getBody() ? BodyParty.BODY : visit.device;
    for (var work : ended.getWorkList()) {
      books.charge(
          new Charge.Compute(party, visit.round, work.getName(), work.getNanos(), work.getMacs()));
    }
    if (ended.getPeakBytes() > 0) {
      books.charge(new Charge.Peak(party, visit.round, ended.getPeakBytes()));
    }
    if (ended.getOpened() && !ended.getBody() && notes.installed().add(visit.device.index())) {
      books.charge(new Charge.Install(party, visit.round, ended.getFrozenBytes()));
    }
    if (sound && ended.getKept()) {
      kept.memories.put(
          RemoteVisits.memoryName(party, visit.device),
          Version.newBuilder().setRound(visit.round).setAttempt(visit.attempt()).build());
    }
  }

  /** How many messages of each kind there were since the last call. */
  Map<Hop, Integer> takeMessages() {
    var taken = messages;
    messages = new HashMap<>();
    return taken;
  }
}
