package dev.anabranch.app.command;

import dev.anabranch.app.daemon.AgentProcess;
import dev.anabranch.app.daemon.OwnWiring;
import dev.anabranch.app.daemon.OwnerLimits;
import dev.anabranch.app.daemon.SentRecord;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentRole;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code device}, {@code device sent} and {@code body}. */
final class AgentCommands {
  private AgentCommands() {}

  /** What devices and bodies have in common. */
  static final class Options {
    @Option(
        names = "--home",
        paramLabel = "DIR",
        description = "Where its key, its memories and the record of what it sent are kept.")
    private @Nullable Path home;

    @Option(
        names = "--token",
        paramLabel = "TOKEN",
        description = "What 'anabranch enrol' has printed; only the first time.")
    @Nullable String token;

    @Option(
        names = "--lanes",
        paramLabel = "N",
        defaultValue = "0",
        description = "Most threads of tensor work (default: as the plan says).")
    int lanes;

    @Option(
        names = "--insecure",
        paramLabel = "HOST:PORT",
        description = "A coordinator without TLS, on the loopback alone.")
    @Nullable String insecure;

    @Option(
        names = "--name",
        paramLabel = "NAME",
        defaultValue = "",
        description = "With --insecure: what it is called.")
    String name = "";

    Path home() {
      if (home == null) {
        throw AnabranchException.expected(
            Failure.USAGE,
            "--home",
            "absent",
            "a folder for its key; it is made if it is not there");
      }
      return home;
    }

    AgentProcess.@Nullable Insecure insecure() {
      if (insecure == null) {
        return null;
      }
      if (name.isEmpty()) {
        throw AnabranchException.expected(
            Failure.USAGE, "--name", "absent", "a name, as --insecure shows no certificate");
      }
      return new AgentProcess.Insecure(insecure, name);
    }
  }

  private static int run(
      Work work, AgentProcess.Settings settings, OwnWiring.Data data, @Nullable Path file)
      throws InterruptedException {
    var err = work.console().err();
    Consumer<String> notes = note -> err.println(Console.now() + " " + note);
    try (var session = work.session();
        var process =
            new AgentProcess(
                settings,
                new OwnWiring(session, data, file, settings.limits(), LocalTime::now, notes),
                InstantSource.system(),
                notes)) {
      process.enrol();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> UntilEnd.close(process), "ends"));
      process.run();
      return 0;
    }
  }

  /** {@code device}. */
  @Command(
      name = "device",
      description =
          "Take part with data of one's own, which stay here. The owner's limits are kept by this"
              + " process, whatever a plan says.")
  static final class Device implements Callable<Integer> {
    private static final long MIB = 1 << 20;
    private final Work work;
    @Mixin private Options options = new Options();

    @Option(
        names = "--data",
        paramLabel = "FILE",
        description =
            "Its examples, with the columns that the plan names; without: its part of the data that"
                + " the plan names.")
    private @Nullable Path data;

    @Option(
        names = "--memory",
        paramLabel = "MIB",
        defaultValue = "0",
        description = "Most memory of a visit, in MiB (default: no limit).")
    private long memory;

    @Option(
        names = "--bandwidth",
        paramLabel = "KB",
        defaultValue = "0",
        description = "Most kB sent in a second, on the average (default: no limit).")
    private long bandwidth;

    @Option(
        names = "--hours",
        paramLabel = "FROM-TO",
        defaultValue = "",
        description = "Hours of the day in which it takes part, as 22-6 (default: always).")
    private String hours = "";

    @Option(
        names = "--methods",
        split = ",",
        paramLabel = "a,b",
        description = "The only methods that it takes part in (default: all).")
    private List<String> methods = new ArrayList<>();

    Device(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() throws InterruptedException {
      if (data != null && !Files.isReadable(data)) {
        throw AnabranchException.expected(Failure.DATA, "--data", data, "a readable file");
      }
      var limits =
          new OwnerLimits(memory * MIB, options.lanes, bandwidth * 1000, 0, 0, methods)
              .withHours(hours);
      return run(
          work,
          new AgentProcess.Settings(
              AgentRole.DEVICE,
              options.home(),
              options.token,
              data != null,
              limits,
              options.insecure()),
          data != null ? OwnWiring.Data.OWN : OwnWiring.Data.OF_PLAN,
          data);
    }
  }

  /** {@code body}. */
  @Command(name = "body", description = "Host the body of split models: much memory, no data.")
  static final class Body implements Callable<Integer> {
    private final Work work;
    @Mixin private Options options = new Options();

    Body(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() throws InterruptedException {
      var limits = new OwnerLimits(0, options.lanes, 0, 0, 0, List.of());
      return run(
          work,
          new AgentProcess.Settings(
              AgentRole.BODY, options.home(), options.token, false, limits, options.insecure()),
          OwnWiring.Data.NONE,
          null);
    }
  }

  /** {@code device sent}. */
  @Command(name = "sent", description = "Print exactly what this device has sent.")
  static final class Sent implements Callable<Integer> {
    private final Work work;
    @Mixin private Output output = new Output();

    @Option(names = "--home", required = true, paramLabel = "DIR", description = "Its folder.")
    private Path home = Path.of("");

    Sent(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      var sums = SentRecord.read(home);
      var out = work.console().out();
      if (output.json) {
        out.println(Json.compact(Map.of("sent", sums.stream().map(Sent::map).toList())));
        return 0;
      }
      var table = new Table("run", "round", "topic", "messages", "bytes");
      long all = 0;
      for (var sum : sums) {
        all += sum.bytes();
        table.row(
            sum.run(),
            sum.round() < 0 ? "-" : Integer.toString(sum.round() + 1),
            sum.topic(),
            Long.toString(sum.messages()),
            Long.toString(sum.bytes()));
      }
      out.print(table);
      out.println();
      out.println("all: " + all + " bytes (" + Units.traffic(all) + "); nothing else has left.");
      return 0;
    }

    private static Map<String, Object> map(SentRecord.Sum sum) {
      var out = new LinkedHashMap<String, Object>();
      out.put("run", sum.run());
      out.put("round", sum.round());
      out.put("topic", sum.topic());
      out.put("messages", sum.messages());
      out.put("bytes", sum.bytes());
      return out;
    }
  }
}
