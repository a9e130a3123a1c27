package dev.anabranch.app.command;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.plan.MethodEntry;
import dev.anabranch.app.run.Series;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code compare PLAN.yaml --methods a,b}. */
@Command(name = "compare", description = "Run several methods on one plan, side by side.")
final class CompareCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private PlanOptions plan = new PlanOptions();
  @Mixin private RunOptions options = new RunOptions();
  @Mixin private Output output = new Output();

  @Option(
      names = "--methods",
      required = true,
      paramLabel = "a,b{key: value}",
      description =
          "Methods with commas between them, each a name, alone or with settings in braces. Rounds,"
              + " cohort, quorum, examples and batch of the plan's own method go over to the"
              + " others, and codecs where a method has the topic.")
  private String methods = "";

  CompareCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    try (var session = work.session()) {
      var read = plan.read(session.catalog());
      var entries =
          MethodEntry.split(methods).stream()
              .map(entry -> new Series.Entry(entry, read.withMethodEntry(entry)))
              .toList();
      if (entries.stream().map(Series.Entry::label).distinct().count() < entries.size()) {
        throw AnabranchException.expected(
            Failure.USAGE, "--methods", methods, "each entry once; repeat runs with --seeds");
      }
      return work.run(session, withTheirCodecs(session, entries), options, output.json);
    }
  }

  /** Methods differ in what they send: each takes the codecs of its own topics. */
  private static List<Series.Entry> withTheirCodecs(Session session, List<Series.Entry> entries) {
    var asked = entries.getFirst().plan().codecs().keySet();
    if (asked.isEmpty()) {
      return entries;
    }
    var estimator = new Estimator(session);
    var known = new TreeSet<String>();
    var out = new ArrayList<Series.Entry>();
    for (var entry : entries) {
      var topics = estimator.topics(entry.plan());
      known.addAll(topics);
      out.add(new Series.Entry(entry.label(), entry.plan().withCodecsOf(topics)));
    }
    for (var topic : asked) {
      if (!known.contains(topic)) {
        throw AnabranchException.expected(
            Failure.PLAN,
            "codecs." + topic,
            "no such topic in any of the methods",
            "one of " + String.join(", ", known));
      }
    }
    return out;
  }
}
