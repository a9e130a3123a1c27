package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.client.ClientRequestContext;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import io.grpc.ClientCall;
import io.grpc.Status;

/** The agent's side of a stream. */
final class ClientLine extends StreamLine {
  private final ClientCall<Frame, Inbound> call;
  private final boolean secure;

  ClientLine(ClientRequestContext context, ClientCall<Frame, Inbound> call, boolean secure) {
    super(context, call::sendMessage, call::isReady);
    this.call = call;
    this.secure = secure;
  }

  @Override
  public boolean secure() {
    return secure;
  }

  @Override
  public void abort(Status status) {
    execute(() -> {
      if (closed) {
        return;
      }
      String reason = status.getDescription();
      if (status.getCode() == Status.Code.CANCELLED || reason == null) {
        closed = true;
        call.cancel(String.valueOf(reason), null);
      } else {
        send(Frame.newBuilder().setAbort(reason).build());
        closed = true;
        call.halfClose();
      }
    });
  }

  @Override
  public void finish() {
    if (!closed) {
      closed = true;
      call.halfClose();
    }
  }

  /** The stream has ended. On its thread. */
  void ended() {
    closed = true;
  }
}
