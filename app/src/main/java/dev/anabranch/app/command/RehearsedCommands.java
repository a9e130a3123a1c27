package dev.anabranch.app.command;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.rehearse.Stage;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The processes of a rehearsal, which {@code rehearse} starts; not for users. */
final class RehearsedCommands {
  private RehearsedCommands() {}

  /** {@code rehearsed-coordinator}. */
  @Command(name = "rehearsed-coordinator", hidden = true, description = "A rehearsal's coordinator.")
  static final class Coordinator implements Callable<Integer> {
    private final Work work;

    @Parameters(index = "0")
    private Path plan = Path.of("");

    @Option(names = "--output", required = true)
    private Path record = Path.of("");

    @Option(names = "--port", required = true)
    private int port;

    @Option(names = "--devices", required = true)
    private int devices;

    @Option(names = "--body", required = true, arity = "1")
    private boolean body;

    @Option(names = "--deadline", required = true)
    private long deadline;

    Coordinator(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      try (var session = work.session();
          var progress = new ProgressLine(work.console())) {
        Stage.coordinate(
            session,
            RunPlan.read(session.catalog(), plan, List.of()),
            record,
            port,
            devices,
            body,
            Duration.ofSeconds(deadline),
            progress);
        return 0;
      }
    }
  }

  /** {@code rehearsed-agent}. */
  @Command(name = "rehearsed-agent", hidden = true, description = "A rehearsal's device or body.")
  static final class Agent implements Callable<Integer> {
    private final Work work;

    @Parameters(index = "0")
    private String name = "";

    @Option(names = "--port", required = true)
    private int port;

    @Option(names = "--folder", required = true)
    private Path folder = Path.of("");

    Agent(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      var err = work.console().err();
      try (var session = work.session()) {
        var refused =
            Stage.attend(session, name, port, folder, note -> err.println("anabranch: " + note));
        if (refused != null) {
          throw AnabranchException.expected(
              Failure.ENVIRONMENT, name, refused, "an agent that the coordinator lets attend");
        }
        return 0;
      }
    }
  }
}
