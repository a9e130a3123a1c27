package dev.anabranch.app.command;

import dev.anabranch.app.record.Provenance;
import dev.anabranch.app.run.Wiring;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code anabranch}: all verbs, and how they end. */
@Command(
    name = "anabranch",
    versionProvider = Root.Version.class,
    description = "Fine-tunes pre-trained transformers on data that never leaves its owners.",
    footer = "%nExit codes are explained in docs/errors.md.")
public final class Root implements Callable<Integer> {
  /** The version of this program. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"anabranch " + Provenance.version()};
    }
  }

  @Spec private @Nullable CommandSpec spec;

  private Root() {}

  @Override
  public Integer call() {
    if (spec != null) {
      spec.commandLine().usage(spec.commandLine().getOut());
    }
    return 0;
  }

  /** Runs a command line and gives the exit code. */
  public static int execute(Console console, Supplier<Wiring> wiring, String... args) {
    return commandLine(console, wiring, List.of(args).contains("--json")).execute(args);
  }

  static CommandLine commandLine(Console console, Supplier<Wiring> wiring, boolean json) {
    var work = new Work(console, wiring);
    var failures = new Failures(console, json);
    var line =
        new CommandLine(new Root())
            .addSubcommand(new DemoCommand(work))
            .addSubcommand(new RunCommand(work))
            .addSubcommand(new ResumeCommand(work))
            .addSubcommand(new CompareCommand(work))
            .addSubcommand(new RehearseCommand(work))
            .addSubcommand(
                new CommandLine(new CoordinatorCommand(work))
                    .addSubcommand(new CoordinatorCommand.Init(work)))
            .addSubcommand(new AgentCommands.Body(work))
            .addSubcommand(
                new CommandLine(new AgentCommands.Device(work))
                    .addSubcommand(new AgentCommands.Sent(work)))
            .addSubcommand(new RunCommands.Submit(work))
            .addSubcommand(new RunCommands.Runs(work))
            .addSubcommand(new RunCommands.Log(work))
            .addSubcommand(new RunCommands.Stop(work))
            .addSubcommand(new RunCommands.Pull(work))
            .addSubcommand(new AdminCommands.Devices(work))
            .addSubcommand(new AdminCommands.Enrol(work))
            .addSubcommand(new AdminCommands.Revoke(work))
            .addSubcommand(new AdminCommands.Token(work))
            .addSubcommand(new AdminCommands.Audit(work))
            .addSubcommand(new ReproduceCommand(work))
            .addSubcommand(new EstimateCommand(work))
            .addSubcommand(new ReportCommand(work))
            .addSubcommand(new PredictCommand(work))
            .addSubcommand(new ExportCommand(work))
            .addSubcommand(new ListCommand(work))
            .addSubcommand(new SchemaCommand(work))
            .addSubcommand("completion", new AutoComplete.GenerateCompletion());
    line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler((e, args) -> failures.report(e));
    line.setExecutionExceptionHandler((e, command, parsed) -> failures.report(e));
    mixinHelp(line);
    completion(Objects.requireNonNull(line.getSubcommands().get("completion")));
    return line;
  }

  /** Its own texts speak of another name. */
  private static void completion(CommandLine line) {
    line.getCommandSpec().name("completion");
    line.getCommandSpec()
        .usageMessage()
        .description(
            "Print a completion script for bash and zsh. For the current shell:",
            "",
            "  source <(anabranch completion)");
  }

  private static void mixinHelp(CommandLine line) {
    line.getSubcommands().values().forEach(Root::mixinHelp);
    if (!line.getCommandSpec().mixinStandardHelpOptions()) {
      line.getCommandSpec().mixinStandardHelpOptions(true);
    }
  }
}
