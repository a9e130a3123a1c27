package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Charge;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.Party;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Which visits are watched, and what memory each is charged: the first of each kind of party is
 * measured, the others of its kind are charged the same. Of the coordinator's program.
 */
final class Peaks {
  private static final String BODY = "body";

  /** A visit's work whose memory is not known yet. */
  private record Work(String kind, NodeId party, int round) {}

  private final Shared shared;
  private final Map<String, Long> measured;
  private final int from;
  private final List<Work> open = new ArrayList<>();

  /** What each device was last invited to do. */
  private final Map<NodeId, String> works = new HashMap<>();

  /**
   * @param measured bytes by kind of party, kept with the run's other notes
   * @param from no visit of an earlier round is watched
   */
  Peaks(Shared shared, Map<String, Long> measured, int from) {
    this.shared = shared;
    this.measured = measured;
    this.from = from;
  }

  /**
   * The devices to watch.
   *
   * @param work what a device will do, where visits of its profile differ in it
   */
  Set<NodeId> watched(int round, List<NodeId> cohort, Function<NodeId, String> work) {
    cohort.forEach(device -> works.put(device, work.apply(device)));
    var watched = new HashSet<NodeId>();
    var kinds = new HashSet<>(measured.keySet());
    for (var device : round < from ? List.<NodeId>of() : cohort) {
      if (kinds.add(kind(device))) {
        watched.add(device);
      }
    }
    return watched;
  }

  /** Whether to watch the body beside the first device. */
  boolean watchesBody(int round) {
    return round >= from && !measured.containsKey(BODY);
  }

  private String kind(NodeId device) {
    var kind = "device " + shared.job.hosts().profile(device.index()).name();
    var work = works.getOrDefault(device, "");
    return work.isEmpty() ? kind : kind + ", " + work;
  }

  /** Bytes of a device's last visit; 0 if no visit of its kind was measured yet. */
  long known(NodeId device) {
    return measured.getOrDefault(kind(device), 0L);
  }

  /** All programs of these visits have ended. */
  void charge(LocalVisits visits) {
    var bytes = new HashMap<>(measured);
    for (var visit : visits.visits()) {
      boolean sound = visit.lost() == null;
      add(bytes, kind(visit.device), visit.deviceParty, visit.round, sound);
      if (visit.bodyParty != null) {
        add(bytes, BODY, visit.bodyParty, visit.round, sound);
      }
    }
    open.removeIf(work -> {
      var known = bytes.get(work.kind);
      if (known != null) {
        shared.books.charge(new Charge.Peak(work.party, work.round, known));
      }
      return known != null;
    });
  }

  private void add(Map<String, Long> bytes, String kind, Party party, int round, boolean sound) {
    if (!party.worked()) {
      return;
    }
    open.add(new Work(kind, party.id(), round));
    if (round >= from && bytes.putIfAbsent(kind, party.peak()) == null && sound) {
      measured.put(kind, party.peak());
    }
  }
}
