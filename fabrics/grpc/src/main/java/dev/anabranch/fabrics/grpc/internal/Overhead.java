package dev.anabranch.fabrics.grpc.internal;

/**
 * The bytes that a frame takes on the wire beside itself: gRPC's prefix, HTTP/2's frame headers and
 * TLS's records. TCP and IP are not counted.
 */
final class Overhead {
  private static final int GRPC_PREFIX = 5;
  private static final int HTTP2_HEADER = 9;
  private static final int HTTP2_FRAME = 16 << 10;

  /** Of TLS 1.3: a header of 5 bytes, 1 byte of type, a tag of 16. */
  private static final int TLS_RECORD_EXTRA = 22;

  private static final int TLS_RECORD = 16 << 10;

  private Overhead() {}

  /** Bytes on the wire for a frame of {@code size} bytes, its own among them. */
  static long onWire(int size, boolean secure) {
    long bytes = size + (long) GRPC_PREFIX;
    bytes += Math.ceilDiv(bytes, HTTP2_FRAME) * HTTP2_HEADER;
    return secure ? bytes + Math.ceilDiv(bytes, TLS_RECORD) * TLS_RECORD_EXTRA : bytes;
  }
}
