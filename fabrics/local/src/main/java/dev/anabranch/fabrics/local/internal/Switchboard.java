package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.Stopped;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Knows which programs live and what each waits for, hands messages on, and ends a run in which all
 * wait. Thread-safe: everything happens under one lock, held for moments only; encoding and tensor
 * work happen outside it.
 */
final class Switchboard {
  final ReentrantLock lock = new ReentrantLock();
  private final Set<Program> live = new LinkedHashSet<>();
  private final TreeMap<NodeId, AnabranchException> failures = new TreeMap<>();
  private int waiting;
  private volatile boolean stopped;

  /** Asked when all wait: starts another visit if one has not been started. */
  private BooleanSupplier relief = () -> false;

  Program program(Trace trace, boolean losesAtFirstSend) {
    return new Program(trace, lock.newCondition(), losesAtFirstSend);
  }

  void relief(BooleanSupplier next) {
    lock.lock();
    try {
      relief = next;
    } finally {
      lock.unlock();
    }
  }

  void begins(Program program) {
    lock.lock();
    try {
      live.add(program);
    } finally {
      lock.unlock();
    }
  }

  void ended(Program program) {
    lock.lock();
    try {
      live.remove(program);
      lookForDeadlock();
    } finally {
      lock.unlock();
    }
  }

  boolean stopped() {
    return stopped;
  }

  /** Throws if the run has failed elsewhere. */
  void check() {
    if (stopped) {
      throw new Stopped("the run has ended");
    }
  }

  /** Waits for a message or an end. Called with the lock held. */
  void await(Program program, Channel channel, String what) {
    check();
    if (!channel.idle()) {
      return;
    }
    program.waitsOn = channel;
    program.waitsFor = what;
    waiting++;
    lookForDeadlock();
    while (program.waitsOn != null && !stopped) {
      program.wake.awaitUninterruptibly();
    }
    check();
  }

  /** Wakes the reader of a channel to which something was added. Called with the lock held. */
  void arrived(Channel channel) {
    var reader = channel.reader;
    if (reader != null && reader.waitsOn == channel) {
      reader.waitsOn = null;
      waiting--;
      reader.wake.signal();
    }
  }

  private void lookForDeadlock() {
    while (!stopped && waiting > 0 && waiting == live.size()) {
      if (!relief.getAsBoolean()) {
        var text =
            new StringBuilder("deadlock: all programs wait (expected: a message on its way)");
        for (var program : live) {
          text.append("\n  ").append(program.name()).append(" waits for ").append(program.waitsFor);
        }
        text.append("\n  check that each receive of the method has its send");
        stop(NodeId.COORDINATOR, new AnabranchException(Failure.DEADLOCK, text.toString()));
      }
    }
  }

  /** Ends the run: every program is unwound at its next use of a link or a lane. */
  void stop(NodeId node, AnabranchException why) {
    lock.lock();
    try {
      failures.putIfAbsent(node, why);
      stopped = true;
      live.forEach(p -> p.wake.signal());
    } finally {
      lock.unlock();
    }
  }

  /** Why the run was stopped, if it was: of several failures that of the first node. */
  @Nullable AnabranchException failure() {
    lock.lock();
    try {
      return failures.isEmpty() ? null : failures.firstEntry().getValue();
    } finally {
      lock.unlock();
    }
  }
}
