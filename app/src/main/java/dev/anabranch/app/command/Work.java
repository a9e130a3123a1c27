package dev.anabranch.app.command;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.run.Series;
import dev.anabranch.app.run.Session;
import dev.anabranch.app.run.Wiring;
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
    try (var progress = new ProgressLine(console)) {
      Results.print(console, new Series(session, progress).run(entries, place), json);
      return 0;
    }
  }
}
