package dev.anabranch.app.rehearse;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.record.Summary;
import dev.anabranch.app.run.PlanWiring;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Session;
import dev.anabranch.fabrics.grpc.Agent;
import dev.anabranch.fabrics.grpc.Attendance;
import dev.anabranch.fabrics.grpc.GrpcFabric;
import dev.anabranch.fabrics.grpc.SentLog;
import dev.anabranch.fabrics.grpc.internal.GrpcDial;
import dev.anabranch.fabrics.grpc.internal.GrpcHub;
import dev.anabranch.fabrics.grpc.internal.HubServer;
import dev.anabranch.fabrics.grpc.internal.Limits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What the processes of a rehearsal do. */
public final class Stage {
  private static final String HOST = "127.0.0.1";

  private Stage() {}

  /**
   * The coordinator's process: carries the run out, or goes on with it.
   *
   * @param record the run's folder
   * @param devices how many processes play devices
   */
  public static Summary coordinate(
      Session session,
      RunPlan plan,
      Path record,
      int port,
      int devices,
      boolean body,
      Duration deadline,
      Runner.Watch watch) {
    try (var hub = new GrpcHub(Limits.DEFAULT, new SecureRandom())) {
      var attendance = new Attendance(hub);
      try (var server = new HubServer(hub, HOST, port, null)) {
        watch.note("listening on " + HOST + ":" + server.port());
        var settings =
            new GrpcFabric.Settings(
                "rehearsal",
                plan.toYaml(),
                IntStream.rangeClosed(1, devices).mapToObj(k -> "device-" + k).toList(),
                body ? "body" : null,
                record.resolve("spool"),
                deadline);
        var runner = new Runner(session, p -> new GrpcFabric(attendance, settings));
        return Files.isRegularFile(RunFolder.plan(record))
            ? runner.resume(record, watch)
            : runner.run(plan, "rehearsed", record, watch);
      }
    }
  }

  /** A process that plays devices or the body, until it is ended or refused (then with a reason). */
  public static @Nullable String attend(
      Session session, String name, int port, Path folder, Consumer<String> notes) {
    var dial = new GrpcDial(name, HOST, port, null, Limits.DEFAULT, new SecureRandom());
    try (var agent = new Agent(dial, new PlanWiring(session), folder, SentLog.NONE, notes)) {
      return agent.await();
    }
  }
}
