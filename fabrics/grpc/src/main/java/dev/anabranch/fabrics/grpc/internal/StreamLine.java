package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.common.RequestContext;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** What both sides of a stream do alike. */
abstract sealed class StreamLine implements Line permits ClientLine, ServerLine {
  private final RequestContext context;
  private final Consumer<Frame> out;
  private final BooleanSupplier drained;
  private final Burst burst = new Burst();

  /** Nothing more can be sent. Belongs to the stream's thread. */
  boolean closed;

  /**
   * @param out where frames go
   * @param drained whether everything that went there has gone on
   */
  StreamLine(RequestContext context, Consumer<Frame> out, BooleanSupplier drained) {
    this.context = context;
    this.out = out;
    this.drained = drained;
  }

  @Override
  public final void execute(Runnable task) {
    context.eventLoop().execute(task);
  }

  @Override
  public final void send(Frame frame) {
    if (!closed) {
      burst.sent(frame.getSerializedSize());
      out.accept(frame);
    }
  }

  @Override
  public final boolean ready() {
    return !closed && burst.ready(drained.getAsBoolean());
  }
}
