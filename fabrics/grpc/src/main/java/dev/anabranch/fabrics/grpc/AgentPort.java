package dev.anabranch.fabrics.grpc;

import dev.anabranch.fabrics.grpc.internal.GrpcDial;
import dev.anabranch.fabrics.grpc.internal.Limits;
import dev.anabranch.fabrics.grpc.internal.Tls;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Consumer;

/** Starts agents that dial a coordinator. */
public final class AgentPort {
  private AgentPort() {}

  /**
   * Where an agent dials.
   *
   * @param host of the coordinator
   */
  public record Address(String host, int port) {}

  /**
   * What an agent works with.
   *
   * @param folder of this agent alone
   * @param sent told of every message that leaves
   * @param notes told what goes on, a line each
   */
  public record Duty(RunWiring wiring, Path folder, SentLog sent, Consumer<String> notes) {}

  /** Attends over TLS; the certificate gives the agent's name. */
  public static Agent attend(
      Address to, PrivateKey key, X509Certificate own, X509Certificate authority, Duty duty) {
    var tls = new Tls(key, List.of(own), List.of(authority));
    return attend(new GrpcDial("", to.host(), to.port(), tls, Limits.DEFAULT, random()), duty);
  }

  /** Attends unencrypted, which the loopback alone allows. */
  public static Agent attend(Address to, String name, Duty duty) {
    return attend(new GrpcDial(name, to.host(), to.port(), null, Limits.DEFAULT, random()), duty);
  }

  private static Agent attend(GrpcDial dial, Duty duty) {
    return new Agent(dial, duty.wiring(), duty.folder(), duty.sent(), duty.notes());
  }

  private static SecureRandom random() {
    return new SecureRandom();
  }
}
