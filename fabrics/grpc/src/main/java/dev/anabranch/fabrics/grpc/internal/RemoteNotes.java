package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.fabrics.common.Start;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a run between machines knows besides what every run does, to and from the notes of a
 * checkpoint. Of the coordinator's program.
 */
final class RemoteNotes {
  private static final String PEAK = "coordinatorPeak";
  private static final String MEMORY = "memory ";

  /** Measured bytes of the coordinator's own work; below 0 before any. */
  long peak = -1;

  /** What each party keeps on its disk, by party. */
  final TreeMap<String, Version> memories = new TreeMap<>();

  void write(Map<String, String> out) {
    out.put(PEAK, Long.toString(peak));
    memories.forEach(
        (who, version) -> out.put(MEMORY + who, version.getRound() + "." + version.getAttempt()));
  }

  static RemoteNotes read(Start start) {
    var out = new RemoteNotes();
    start.noted(PEAK).map(Long::valueOf).ifPresent(peak -> out.peak = peak);
    start
        .noted()
        .forEach((key, value) -> {
          if (key.startsWith(MEMORY)) {
            out.memories.put(key.substring(MEMORY.length()), version(value));
          }
        });
    return out;
  }

  private static Version version(String text) {
    int dot = text.indexOf('.');
    return Version.newBuilder()
        .setRound(Integer.parseInt(text.substring(0, dot)))
        .setAttempt(Integer.parseInt(text.substring(dot + 1)))
        .build();
  }
}
