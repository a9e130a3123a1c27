package dev.anabranch.torch.internal;

import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The frozen weights that all models of an engine share: in the precision chosen for frozen layers,
 * and in fp32 for layers that are trained as a whole. Each is loaded when it is first needed.
 * Thread-safe.
 */
public final class Base implements AutoCloseable {
  private final Checkpoint checkpoint;
  private final boolean bf16;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable BertWeights full;
  private @Nullable BertWeights half;
  private Scorer.@Nullable Pooler pooler;

  public Base(Checkpoint checkpoint, boolean bf16) {
    this.checkpoint = checkpoint;
    this.bf16 = bf16;
  }

  public BertConfig config() {
    return checkpoint.config();
  }

  /** The pre-trained pooler in fp32. */
  Scorer.Pooler pooler() {
    lock.lock();
    try {
      if (pooler == null) {
        pooler = checkpoint.pooler();
      }
      return pooler;
    } finally {
      lock.unlock();
    }
  }

  /** Bytes of an element of a frozen layer. */
  public int layerBytes() {
    return bf16 ? 2 : 4;
  }

  /** Everything in fp32. */
  public BertWeights fp32() {
    lock.lock();
    try {
      if (full == null) {
        full = checkpoint.weights(ScalarType.Float);
      }
      return full;
    } finally {
      lock.unlock();
    }
  }

  /** Layers in the precision of frozen weights. */
  public BertWeights frozen() {
    if (!bf16) {
      return fp32();
    }
    lock.lock();
    try {
      if (half == null) {
        half = checkpoint.weights(ScalarType.BFloat16);
      }
      return half;
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of the pages of the file that were read; they can be read again. */
  public void release() {
    lock.lock();
    try {
      checkpoint.release();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (full != null) {
        full.close();
      }
      if (half != null) {
        half.close();
      }
      if (pooler != null) {
        pooler.close();
      }
      full = null;
      pooler = null;
      half = null;
      checkpoint.close();
    } finally {
      lock.unlock();
    }
  }
}
