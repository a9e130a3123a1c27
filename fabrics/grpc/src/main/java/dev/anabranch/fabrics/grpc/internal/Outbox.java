package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.grpc.internal.proto.End;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import dev.anabranch.fabrics.grpc.internal.proto.Opening;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * Messages that were posted and are not yet acknowledged. A frame is made from its message each
 * time it is sent; nothing is kept for a frame. Guarded by the lock of its leg.
 */
final class Outbox {
  private static final ByteString NOTHING = ByteString.EMPTY;

  private final int frame;
  private final Condition room;
  private final TreeMap<Long, Item> items = new TreeMap<>();
  private final List<Item> settled = new ArrayList<>();
  private long end = 1;
  private long queued;
  private boolean ended;

  /** A message, or the end (with a reason and no parcel). */
  static final class Item {
    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final long first;
    private final long frames;
    private final @Nullable Parcel parcel;
    private final String reason;

    private Item(long first, long frames, @Nullable Parcel parcel, String reason) {
      this.first = first;
      this.frames = frames;
      this.parcel = parcel;
      this.reason = reason;
    }

    private long size() {
      return parcel == null ? 0 : parcel.wire().head().byteSize() + parcel.wire().body().byteSize();
    }

    private void close() {
      if (parcel != null) {
        parcel.wire().close();
      }
    }
  }

  /**
   * @param room signalled when messages have been acknowledged
   */
  Outbox(Limits limits, Condition room) {
    this.frame = limits.frame();
    this.room = room;
  }

  /** Bytes posted and not acknowledged. */
  long queued() {
    return queued;
  }

  Item post(Parcel parcel) {
    long size = parcel.wire().head().byteSize() + parcel.wire().body().byteSize();
    return add(new Item(end, Math.max(1, Math.ceilDiv(size, frame)), parcel, ""));
  }

  Item postEnd(String reason) {
    ended = true;
    return add(new Item(end, 1, null, reason));
  }

  private Item add(Item item) {
    items.put(item.first, item);
    end += item.frames;
    queued += item.size();
    return item;
  }

  /** The first number that there is not yet; numbers begin at 1. */
  long end() {
    return end;
  }

  /** Whether nothing will follow. */
  boolean ended() {
    return ended;
  }

  private Item of(long number) {
    return items.floorEntry(number).getValue();
  }

  /** What a frame counts for in the window. */
  int cost(long number) {
    var item = of(number);
    return (int) Math.min(frame, item.size() - (number - item.first) * frame) + Piece.COST;
  }

  Piece piece(long number) {
    var item = of(number);
    var parcel = item.parcel;
    if (parcel == null) {
      var last = End.newBuilder().setReason(item.reason).build();
      int checksum = Checksum.of(number, null, last);
      var built = Frame.newBuilder().setNumber(number).setChecksum(checksum).setEnd(last);
      return new Piece(built, "", 0, false);
    }
    var head = parcel.wire().head();
    var body = parcel.wire().body();
    long from = (number - item.first) * frame;
    long until = Math.min(item.size(), from + frame);
    long split = head.byteSize();
    var ofHead = slice(head, Math.min(from, split), Math.min(until, split));
    var ofBody = slice(body, Math.max(from, split) - split, Math.max(until, split) - split);
    var opening = from == 0 ? opening(parcel) : null;
    var built =
        Frame.newBuilder()
            .setNumber(number)
            .setChecksum(Checksum.of(number, opening, null, ofHead, ofBody))
            .setData(wrap(ofHead).concat(wrap(ofBody)));
    if (opening != null) {
      built.setOpening(opening);
    }
    return new Piece(built, parcel.topic(), ofBody.remaining(), until == item.size());
  }

  private static Opening opening(Parcel parcel) {
    return Opening.newBuilder()
        .setTopic(parcel.topic())
        .setCodec(parcel.codec())
        .setHeadBytes(parcel.wire().head().byteSize())
        .setBodyBytes(parcel.wire().body().byteSize())
        .build();
  }

  private static ByteBuffer slice(MemorySegment section, long from, long until) {
    return section.asSlice(from, until - from).asByteBuffer();
  }

  private static ByteString wrap(ByteBuffer bytes) {
    return bytes.hasRemaining() ? UnsafeByteOperations.unsafeWrap(bytes) : NOTHING;
  }

  /** Frames below this number will not be asked for again; who sent them is told later. */
  void acknowledged(long below) {
    while (!items.isEmpty()) {
      var first = items.firstEntry().getValue();
      if (first.first + first.frames > below) {
        break;
      }
      items.pollFirstEntry();
      queued -= first.size();
      settled.add(first);
    }
    room.signalAll();
  }

  /** Messages whose sender is still to be told; clears the list. */
  List<Item> takeSettled() {
    var out = List.copyOf(settled);
    settled.clear();
    return out;
  }

  /** Everything left, for a pipe that is over. */
  List<Item> takeAll() {
    var out = List.copyOf(items.values());
    items.clear();
    end = 1;
    queued = 0;
    room.signalAll();
    return out;
  }

  /** The sender is told and the message's memory freed. Without the lock. */
  static void close(List<Item> items, @Nullable RuntimeException failure) {
    for (var item : items) {
      item.close();
      if (failure == null) {
        item.done.complete(null);
      } else {
        item.done.completeExceptionally(failure);
      }
    }
  }
}
