package dev.anabranch.fabrics.grpc.internal;

import java.util.ArrayDeque;

/**
 * Arrays for the data of frames, which serve again: a frame lives for a moment, and a gigabyte of
 * them in a second would be as much garbage. Thread-safe.
 */
final class FrameRoom {
  /** Of frames of the usual size, which are nearly all. */
  private static final int SIZE = Limits.DEFAULT.frame();

  /** Arrays that are kept; others are left to the collector. */
  private static final int MOST = (32 << 20) / SIZE;

  private static final ArrayDeque<byte[]> IDLE = new ArrayDeque<>();

  private FrameRoom() {}

  /** Room for so many bytes, or more. */
  static byte[] take(int length) {
    if (length > SIZE || length <= SIZE / 2) {
      return new byte[length];
    }
    byte[] idle;
    synchronized (IDLE) {
      idle = IDLE.poll();
    }
    return idle != null ? idle : new byte[SIZE];
  }

  /** Nobody reads it any more. */
  static void give(byte[] room) {
    if (room.length == SIZE) {
      synchronized (IDLE) {
        if (IDLE.size() < MOST) {
          IDLE.push(room);
        }
      }
    }
  }
}
