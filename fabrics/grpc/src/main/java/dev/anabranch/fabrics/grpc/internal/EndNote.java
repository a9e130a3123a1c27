package dev.anabranch.fabrics.grpc.internal;

import org.jspecify.annotations.Nullable;

/**
 * Where messages of an agent's pipe lie, and whether the peer's program has said that it is lost,
 * which a broken line must not be taken for. The note may be read by any thread.
 */
final class EndNote implements Spool {
  private final Spool spool;
  private volatile @Nullable String reason;

  EndNote(Spool spool) {
    this.spool = spool;
  }

  /** A peer that was lost before this attempt began. */
  static EndNote lost(String reason) {
    var note = new EndNote(new MemorySpool(1));
    note.reason = reason;
    return note;
  }

  /** Why the peer's program is lost, if it has said so. */
  @Nullable String reason() {
    return reason;
  }

  @Override
  public Incoming begin(String topic, String codec, long headBytes, long bodyBytes)
      throws InterruptedException {
    return spool.begin(topic, codec, headBytes, bodyBytes);
  }

  @Override
  public void ended(@Nullable String why) {
    reason = why;
    spool.ended(why);
  }
}
