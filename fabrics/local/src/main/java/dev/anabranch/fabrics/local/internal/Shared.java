package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Books;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Seeds;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.UnaryOperator;

/** What all parties of a run share. Thread-safe. */
final class Shared {
  /** A kind of message between two nodes. */
  record Flow(NodeId from, NodeId to, String topic) {}

  /**
   * After so many bytes of messages, forgotten memory off the heap is collected: nothing else would
   * ask for it.
   */
  private static final long COLLECT = 1L << 30;

  final Job job;
  final Method<?> method;
  final ModelUse use;
  final long initSeed;
  final Books books;
  final Memories memories;
  final Switchboard board = new Switchboard();

  /** Held shared by lane work, exclusively by work whose memory is measured. */
  final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);

  final UnaryOperator<Link> wrap;
  final int resident;

  /** The round that the coordinator is in; −1 before the first. */
  volatile int round = -1;

  private final Map<Flow, Integer> messages = new HashMap<>();
  private long sinceCollected;

  Shared(
      Job job,
      Method<?> method,
      Books books,
      Memories memories,
      int resident,
      UnaryOperator<Link> wrap) {
    this.job = job;
    this.method = method;
    this.use = method.use(job.engine().facts());
    this.initSeed = Seeds.seed(job.seed(), "initial");
    this.books = books;
    this.memories = memories;
    this.resident = resident;
    this.wrap = wrap;
  }

  boolean needs(Ability ability) {
    return method.card().needs().contains(ability);
  }

  /** Counts and charges a message. */
  void charge(Charge.Wire wire) {
    boolean collect;
    synchronized (messages) {
      messages.merge(new Flow(wire.from(), wire.to(), wire.topic()), 1, Integer::sum);
      sinceCollected += wire.payloadBytes();
      collect = sinceCollected > COLLECT;
      if (collect) {
        sinceCollected = 0;
      }
    }
    books.charge(wire);
    if (collect) {
      System.gc();
    }
  }

  /** How many messages of each kind there were since the last call. */
  Map<Flow, Integer> takeCounts() {
    synchronized (messages) {
      var out = Map.copyOf(messages);
      messages.clear();
      return out;
    }
  }
}
