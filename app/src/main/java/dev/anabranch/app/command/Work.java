package dev.anabranch.app.command;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Series;
import dev.anabranch.app.run.Session;
import dev.anabranch.app.run.Wiring;
import dev.anabranch.core.AnabranchException;
import java.util.List;
import java.util.function.Supplier;

/** What verbs that run something have in common. */
record Work(Console console, Supplier<Wiring> wiring) {
  Session session() {
    return new Session(wiring.get());
  }

  /** Refuses what cannot be, runs the rest, prints it. */
  int run(Session session, List<Series.Entry> entries, RunOptions options, boolean json) {
    var place = options.place();
    for (var entry : entries) {
      new Estimator(session).require(entry.plan());
    }
    var result = new Series(session, new ProgressLine(console)).run(entries, place);
    Results.print(console, result, json);
    return 0;
  }

  /** Says how to go on if the work can be taken up again. */
  static AnabranchException withHint(AnabranchException e, java.nio.file.Path folder) {
    return Runner.canResume(folder)
        ? new AnabranchException(
            e.failure(), e.getMessage() + "; go on with: anabranch resume " + folder, e)
        : e;
  }
}
