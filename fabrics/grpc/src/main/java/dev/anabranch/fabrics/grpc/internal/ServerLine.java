package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.server.ServiceRequestContext;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/** The coordinator's side of a stream. */
final class ServerLine extends StreamLine {
  private final ServiceRequestContext context;
  private final ServerCall<Inbound, Frame> call;

  ServerLine(ServiceRequestContext context, ServerCall<Inbound, Frame> call) {
    super(context, call::sendMessage, call::isReady);
    this.context = context;
    this.call = call;
  }

  @Override
  public boolean secure() {
    return context.sslSession() != null;
  }

  @Override
  public void abort(Status status) {
    execute(() -> end(status));
  }

  @Override
  public void finish() {
    // The agent ends the stream: it alone knows that it has our last acknowledgement.
  }

  /** Ends the stream. On its thread. */
  void end(Status status) {
    if (!closed) {
      closed = true;
      call.close(status, new Metadata());
    }
  }
}
