package dev.anabranch.fabrics.grpc;

import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.Dial;
import dev.anabranch.fabrics.grpc.internal.ForgettingSpool;
import dev.anabranch.fabrics.grpc.internal.GrpcDial;
import dev.anabranch.fabrics.grpc.internal.Limits;
import dev.anabranch.fabrics.grpc.internal.LinkKey;
import dev.anabranch.fabrics.grpc.internal.Pipe;
import dev.anabranch.fabrics.grpc.internal.Spool;
import dev.anabranch.fabrics.grpc.internal.Tls;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Agents that measure a coordinator: each dials over a connection of its own, takes every frame of
 * what it is sent, and forgets it, so that hundreds of them fit into one process. What a program
 * receives is empty.
 */
public final class LightAgents {
  private LightAgents() {}

  /** Attends over TLS; the certificate gives the agent's name. */
  public static Agent attend(
      AgentPort.Address to,
      PrivateKey key,
      X509Certificate own,
      X509Certificate authority,
      AgentPort.Duty duty) {
    var tls = new Tls(key, List.of(own), List.of(authority));
    var dial = new GrpcDial("", to.host(), to.port(), tls, Limits.DEFAULT, new SecureRandom());
    return new Agent(new Forgetting(dial), duty.wiring(), duty.folder(), duty.sent(), duty.notes());
  }

  private record Forgetting(Dial dial) implements Dial {
    @Override
    public void attend(OrderListener listener) {
      dial.attend(listener);
    }

    @Override
    public void report(Report report) {
      dial.report(report);
    }

    @Override
    public Pipe open(LinkKey key, NodeId end, Spool spool) {
      return dial.open(key, end, new ForgettingSpool());
    }

    @Override
    public void close() {
      try {
        dial.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
