package dev.anabranch.app.command;

import dev.anabranch.app.plan.Demo;
import dev.anabranch.app.run.Series;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demo}. */
@Command(
    name = "demo",
    description =
        "Learn to tell spam from 6,046 mails in 50 mailboxes, by full fine-tuning, by SFPrompt and"
            + " by SFPrompt with fewer bytes, and compare them.")
final class DemoCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private RunOptions options = new RunOptions();
  @Mixin private Output output = new Output();

  @Option(names = "--quick", description = "4 rounds instead of 12.")
  private boolean quick;

  DemoCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    try (var session = work.session()) {
      var entries =
          Demo.plans(session.catalog(), quick ? 4 : 12).entrySet().stream()
              .map(e -> new Series.Entry(e.getKey(), e.getValue()))
              .toList();
      return work.run(session, entries, options, output.json);
    }
  }
}
