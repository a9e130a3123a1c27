package dev.anabranch.fabrics.grpc.internal;

/**
 * What has crossed a pipe or one leg of a relay, as it was on the wire.
 *
 * @param acknowledgedBytes payload and framing of frames that the peer has taken, the first time
 *     only: progress of the sender
 * @param takenBytes payload and framing of frames taken here, the first time only: progress of the
 *     receiver
 * @param resentBytes payload and framing of frames sent again
 */
public record Traffic(
    long payloadSent,
    long framingSent,
    long payloadReceived,
    long framingReceived,
    long acknowledgedBytes,
    long takenBytes,
    long resentBytes) {}
