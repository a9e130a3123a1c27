package dev.anabranch.fabrics.grpc;

import com.linecorp.armeria.server.ServerBuilder;
import dev.anabranch.fabrics.grpc.internal.Connections;
import dev.anabranch.fabrics.grpc.internal.GrpcHub;
import dev.anabranch.fabrics.grpc.internal.Limits;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/** What agents dial, as a service that an Armeria server mounts. Thread-safe. */
public final class CoordinatorPort implements AutoCloseable {
  private final GrpcHub hub;
  private final Attendance attendance;

  /**
   * Decides who is let in, and hears who comes and goes. Called from many threads; must not block.
   */
  public interface Doorkeeper {
    /**
     * Null, or why this agent may not attend.
     *
     * @param certificate null on an unencrypted loopback connection
     */
    @Nullable String refuse(String agent, @Nullable X509Certificate certificate);

    void came(String agent);

    void left(String agent, String reason);
  }

  public CoordinatorPort(Doorkeeper doorkeeper) {
    hub = new GrpcHub(Limits.DEFAULT, new SecureRandom());
    attendance =
        new Attendance(hub, who -> doorkeeper.refuse(who.agent(), who.certificate()), doorkeeper);
  }

  /** Who attends; for {@link GrpcFabric}. */
  public Attendance attendance() {
    return attendance;
  }

  /** Mounts it on a server, whose ports, certificates and other services are the caller's. */
  public void mount(ServerBuilder server) {
    Connections.prepare(server, null, Limits.DEFAULT.hello(), true).service(hub.service());
  }

  /** Ends an agent's streams and links. */
  public void expel(String agent, String reason) {
    hub.expel(agent, reason);
  }

  @Override
  public void close() {
    hub.close();
  }
}
