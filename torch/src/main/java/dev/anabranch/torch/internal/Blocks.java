package dev.anabranch.torch.internal;

import java.util.ArrayDeque;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Large blocks of floats that serve one visit after another: a fresh block of 90 MB costs more in
 * page faults than the arithmetic on it. Keeps a few of those that were given back, the latest
 * first. Thread-safe.
 */
final class Blocks implements AutoCloseable {
  /** Smaller blocks are left to malloc, which keeps them itself: 4 MB. */
  private static final long LARGE = 1 << 20;

  private final int most;
  private final ArrayDeque<Tensor> idle = new ArrayDeque<>();
  private long idleBytes;

  /**
   * @param most blocks that are kept for later; 0 for none
   */
  Blocks(int most) {
    this.most = most;
  }

  /** A flat tensor with anything in it; goes back by {@link #give}. */
  Tensor take(long elements) {
    synchronized (this) {
      for (var block : idle) {
        if (block.numel() == elements) {
          idle.removeFirstOccurrence(block);
          idleBytes -= block.nbytes();
          return block;
        }
      }
    }
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      return Tensors.own(torch.empty(elements));
    }
  }

  /** Takes a block back, of which no view is used any more. */
  void give(Tensor block) {
    if (block.numel() < LARGE || most == 0) {
      block.close();
      return;
    }
    synchronized (this) {
      idle.addFirst(block);
      idleBytes += block.nbytes();
      while (idle.size() > most) {
        drop();
      }
    }
  }

  private void drop() {
    var oldest = idle.removeLast();
    idleBytes -= oldest.nbytes();
    oldest.close();
  }

  /** Bytes that are allocated but belong to nobody now. */
  synchronized long idleBytes() {
    return idleBytes;
  }

  /** Frees what is idle. What is given back later is kept again. */
  @Override
  public synchronized void close() {
    while (!idle.isEmpty()) {
      drop();
    }
  }
}
