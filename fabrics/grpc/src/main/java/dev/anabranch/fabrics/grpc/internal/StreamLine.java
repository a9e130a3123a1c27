package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.common.RequestContext;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;

/** What both sides of a stream do alike. */
abstract sealed class StreamLine implements Line permits ClientLine, ServerLine {
  private final RequestContext context;
  private final Burst burst = new Burst();

  /** Nothing more can be sent. Belongs to the stream's thread. */
  boolean closed;

  StreamLine(RequestContext context) {
    this.context = context;
  }

  abstract void write(Frame frame);

  /** Whether everything written before has gone. */
  abstract boolean drained();

  @Override
  public final void execute(Runnable task) {
    context.eventLoop().execute(task);
  }

  @Override
  public final void send(Frame frame) {
    if (!closed) {
      burst.sent(frame.getSerializedSize());
      write(frame);
    }
  }

  @Override
  public final boolean ready() {
    return !closed && burst.ready(drained());
  }
}
