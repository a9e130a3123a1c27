package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Books;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelUse;
import dev.anabranch.fabrics.common.RoundPage;
import dev.anabranch.fabrics.common.WallClock;
import java.nio.file.Path;
import java.util.Map;

/**
 * What the parts of one run at the coordinator share. Thread-safe.
 *
 * @param run its id
 * @param spool where messages lie
 * @param deadline seconds without progress after which a visit is lost
 */
record RunContext(
    String run,
    Job job,
    Method<?> method,
    ModelUse use,
    Books books,
    Board board,
    Roll roll,
    Hub hub,
    AwakeClock clock,
    WallClock wall,
    Path spool,
    double deadline) {
  boolean needs(Ability ability) {
    return method.card().needs().contains(ability);
  }

  /** A line that a person who watches sees at once. */
  void live(String kind, int round, Object... namesAndValues) {
    live(kind, round, RoundPage.fields(namesAndValues));
  }

  /** The same; adds the time to the fields. */
  void live(String kind, int round, Map<String, Object> fields) {
    fields.put("wallSeconds", wall.seconds());
    job.records().log().append(kind, round, fields);
  }
}
