package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Adds up what crosses, by sender and topic. */
final class Sums implements Tally {
  private final ConcurrentHashMap<String, AtomicLong> sums = new ConcurrentHashMap<>();

  @Override
  public void crossed(
      NodeId from, NodeId to, String topic, int messages, long payload, long framing, boolean again) {
    String who = from + ">" + topic;
    add(who + " payload " + again, payload);
    add(who + " framing", framing);
    add("all", payload + framing);
    add(who + " messages", again ? 0 : messages);
  }

  private void add(String what, long bytes) {
    sums.computeIfAbsent(what, w -> new AtomicLong()).addAndGet(bytes);
  }

  private long of(String what) {
    var sum = sums.get(what);
    return sum == null ? 0 : sum.get();
  }

  long payload(String who, boolean again) {
    return of(who + " payload " + again);
  }

  long messages(String who) {
    return of(who + " messages");
  }

  long all() {
    return of("all");
  }
}
