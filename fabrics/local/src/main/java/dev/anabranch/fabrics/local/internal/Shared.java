package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Books;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelUse;
import dev.anabranch.fabrics.common.Hop;
import dev.anabranch.fabrics.common.Memories;
import dev.anabranch.fabrics.common.Meter;
import dev.anabranch.fabrics.common.RoundClock;
import dev.anabranch.fabrics.common.Start;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntSupplier;
import java.util.function.UnaryOperator;

/** What all parties of a run share. Thread-safe. */
final class Shared {
  /**
   * After so many bytes of messages, forgotten memory off the heap is collected: nothing else would
   * ask for it.
   */
  private static final long COLLECT = 1L << 30;

  final Job job;
  final Method<?> method;
  final ModelUse use;
  final Books books;
  final Memories memories;
  final Switchboard board = new Switchboard();

  /** Held shared by lane work, exclusively by work whose memory is measured. */
  final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);

  final UnaryOperator<Link> wrap;
  final int resident;

  final RoundClock round = new RoundClock();

  private final Map<Hop, Integer> messages = new HashMap<>();
  private long sinceCollected;

  Shared(Job job, Method<?> method, Start start, int resident, UnaryOperator<Link> wrap) {
    this.job = job;
    this.method = method;
    this.use = method.use(job.engine().facts());
    this.books = start.books();
    this.memories = start.memories();
    this.resident = resident;
    this.wrap = wrap;
  }

  boolean needs(Ability ability) {
    return method.card().needs().contains(ability);
  }

  /** A program's way to the lanes, in the round that it is in. */
  Meter meter(Program program, IntSupplier round, boolean watched) {
    return new Meter(
        job.engine().lanes(),
        gate,
        (work, nanos, macs) -> {
          books.charge(new Charge.Compute(program.node, round.getAsInt(), work, nanos, macs));
          program.trace.add(new Trace.Event.Compute(macs));
        },
        board::check,
        watched);
  }

  /** Counts and charges a message. */
  void charge(Charge.Wire wire) {
    boolean collect;
    synchronized (messages) {
      messages.merge(new Hop(wire.from(), wire.to(), wire.topic()), 1, Integer::sum);
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
  Map<Hop, Integer> takeCounts() {
    synchronized (messages) {
      var out = Map.copyOf(messages);
      messages.clear();
      return out;
    }
  }
}
