package dev.anabranch.app.command;

import dev.anabranch.app.daemon.PlanExecutor;
import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coordinator}, and {@code coordinator init}. */
@Command(
    name = "coordinator",
    description =
        "Run a coordinator: devices, bodies and operators reach it on one port. Make its folder"
            + " first with 'coordinator init'.")
final class CoordinatorCommand implements Callable<Integer> {
  private final Work work;

  @Option(names = "--data", paramLabel = "DIR", description = "Its folder.")
  private @Nullable Path data;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "-1",
      description = "Another port than that of its settings.")
  private int port = -1;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description =
          "A visit without progress for so long is lost; bytes that move and work that is done are"
              + " progress (default: 120).")
  private long deadline = 120;

  @Option(
      names = "--insecure",
      description = "Without TLS; on a loopback address alone, and for tests.")
  private boolean insecure;

  @Option(
      names = "--accept-restored",
      description = "Start although the database was restored from an old backup.")
  private boolean restored;

  CoordinatorCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (data == null) {
      throw AnabranchException.expected(
          Failure.USAGE, "--data", "absent", "the coordinator's folder");
    }
    if (deadline < 1 || deadline > 86_400) {
      throw AnabranchException.expected(Failure.USAGE, "--deadline", deadline, "1 to 86400");
    }
    var err = work.console().err();
    var start =
        new CoordinatorDaemon.Start(
            port,
            insecure,
            restored,
            InstantSource.system(),
            note -> err.println(Console.now() + " " + note));
    try (var daemon =
        CoordinatorDaemon.start(
            data,
            start,
            (agents, attendance) ->
                new PlanExecutor(
                    work.wiring(),
                    agents,
                    attendance,
                    Duration.ofSeconds(deadline),
                    start.notes()))) {
      start.notes().accept("listening on " + daemon.url());
      UntilEnd.await(daemon);
    }
    return 0;
  }

  /** {@code coordinator init}. */
  @Command(
      name = "init",
      description = "Make a coordinator's folder: its authority, its database, an admin's token.")
  static final class Init implements Callable<Integer> {
    private final Work work;
    @Mixin private Output output = new Output();

    @Option(
        names = "--data",
        required = true,
        paramLabel = "DIR",
        description = "The folder; must be new or empty.")
    private Path data = Path.of("");

    @Option(
        names = "--host",
        paramLabel = "NAME",
        description =
            "A name or address under which it is reached; the first is told to devices. May be"
                + " repeated (default: this machine's name).")
    private List<String> hosts = new ArrayList<>();

    @Option(names = "--port", paramLabel = "PORT", defaultValue = "8470", description = "Its port.")
    private int port = CoordinatorSettings.PORT;

    @Option(
        names = "--bind",
        paramLabel = "ADDRESS",
        defaultValue = "0.0.0.0",
        description = "The address that it listens on (default: all).")
    private String bind = "0.0.0.0";

    @Option(
        names = "--database",
        paramLabel = "URL",
        defaultValue = "",
        description = "jdbc:postgresql://… in place of a file in the folder.")
    private String database = "";

    @Option(
        names = "--lifetime",
        paramLabel = "DAYS",
        defaultValue = "90",
        description = "For how long a device's certificate is valid (default: 90).")
    private long days = 90;

    @Option(
        names = "--runs-at-once",
        paramLabel = "N",
        defaultValue = "1",
        description = "Runs that go on at the same time; the others wait (default: 1).")
    private int atOnce = 1;

    Init(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      var settings =
          new CoordinatorSettings(names(), bind, port, database, Duration.ofDays(days), atOnce);
      var file = CoordinatorDaemon.init(data, settings, InstantSource.system());
      var out = work.console().out();
      if (output.json) {
        out.println(Json.compact(Map.of("folder", data.toString(), "operator", file.toString())));
        return 0;
      }
      out.println("start it:     anabranch coordinator --data " + data);
      out.println("as its admin: export ANABRANCH_OPERATOR=" + file);
      out.println("a device:     anabranch enrol NAME");
      return 0;
    }

    private List<String> names() {
      var out = new ArrayList<>(hosts);
      if (out.isEmpty()) {
        try {
          out.add(InetAddress.getLocalHost().getHostName());
        } catch (UnknownHostException e) {
          out.add("localhost");
        }
      }
      for (var name : List.of("localhost", "127.0.0.1")) {
        if (!new TreeSet<>(out).contains(name)) {
          out.add(name);
        }
      }
      return out;
    }
  }
}
