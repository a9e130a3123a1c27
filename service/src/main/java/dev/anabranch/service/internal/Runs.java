package dev.anabranch.service.internal;

import dev.anabranch.service.RunState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Runs, their visits, and who stands for which node in them. */
record Runs(Handle sql) {
  /**
   * A run.
   *
   * @param rounds how many there will be; 0: not known
   * @param failureName of {@link dev.anabranch.core.Failure}
   * @param stoppedBy the operator who asked it to stop
   */
  record Run(
      String id,
      String name,
      String method,
      RunState state,
      int rounds,
      int roundsDone,
      int devices,
      String plan,
      String submittedBy,
      long submittedAt,
      @Nullable Long startedAt,
      @Nullable Long endedAt,
      @Nullable String failureName,
      @Nullable String failureText,
      @Nullable String stoppedBy,
      @Nullable Long stoppedAt) {
    private static Run of(ResultSet row) throws SQLException {
      return new Run(
          row.getString("id"),
          row.getString("name"),
          row.getString("method"),
          RunState.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
          row.getInt("rounds"),
          row.getInt("rounds_done"),
          row.getInt("devices"),
          row.getString("plan"),
          row.getString("submitted_by"),
          row.getLong("submitted_at"),
          Rows.optionalLong(row, "started_at"),
          Rows.optionalLong(row, "ended_at"),
          row.getString("failure_name"),
          row.getString("failure_text"),
          row.getString("stopped_by"),
          Rows.optionalLong(row, "stopped_at"));
    }
  }

  /** One attempt of one visit. */
  record Visit(
      int round,
      int device,
      int attempt,
      @Nullable String agent,
      String state,
      long changedAt,
      @Nullable String reason) {}

  void add(
      String id,
      String name,
      String method,
      int rounds,
      int devices,
      String plan,
      String by,
      long at) {
    sql.createUpdate(
            "INSERT INTO runs (id, name, method, state, rounds, devices, plan, submitted_by,"
                + " submitted_at) VALUES (:id, :name, :method, 'pending', :rounds, :devices, :plan,"
                + " :by, :at)")
        .bind("id", id)
        .bind("name", name)
        .bind("method", method)
        .bind("rounds", rounds)
        .bind("devices", devices)
        .bind("plan", plan)
        .bind("by", by)
        .bind("at", at)
        .execute();
  }

  Optional<Run> find(String id) {
    return sql.createQuery("SELECT * FROM runs WHERE id = :id")
        .bind("id", id)
        .map((row, context) -> Run.of(row))
        .findOne();
  }

  /** The newest runs, newest first. */
  List<Run> newest(int limit) {
    return sql.createQuery("SELECT * FROM runs ORDER BY submitted_at DESC, id DESC LIMIT :limit")
        .bind("limit", limit)
        .map((row, context) -> Run.of(row))
        .list();
  }

  /** Those that have not ended, oldest first. */
  List<Run> unfinished() {
    return sql.createQuery(
            "SELECT * FROM runs WHERE state IN ('pending', 'running', 'stopping')"
                + " ORDER BY submitted_at, id")
        .map((row, context) -> Run.of(row))
        .list();
  }

  /** How many runs there are of each state. */
  Map<RunState, Integer> counts() {
    var out = new LinkedHashMap<RunState, Integer>();
    sql.createQuery("SELECT state, COUNT(*) AS n FROM runs GROUP BY state ORDER BY state")
        .map((row, context) ->
            out.put(
                RunState.valueOf(row.getString("state").toUpperCase(Locale.ROOT)), row.getInt("n")))
        .list();
    return out;
  }

  void started(String id, long at) {
    sql.createUpdate(
            "UPDATE runs SET state = 'running', started_at = COALESCE(started_at, :at)"
                + " WHERE id = :id AND state IN ('pending', 'running')")
        .bind("id", id)
        .bind("at", at)
        .execute();
  }

  /** Asks a run to stop; one that waits has stopped at once. False if it had ended already. */
  boolean stop(String id, String by, long at) {
    int waiting =
        sql.createUpdate(
                "UPDATE runs SET state = 'stopped', ended_at = :at, stopped_by = :by,"
                    + " stopped_at = :at WHERE id = :id AND state = 'pending'")
            .bind("id", id)
            .bind("by", by)
            .bind("at", at)
            .execute();
    int running =
        sql.createUpdate(
                "UPDATE runs SET state = 'stopping', stopped_by = COALESCE(stopped_by, :by),"
                    + " stopped_at = COALESCE(stopped_at, :at)"
                    + " WHERE id = :id AND state IN ('running', 'stopping')")
            .bind("id", id)
            .bind("by", by)
            .bind("at", at)
            .execute();
    return waiting + running == 1;
  }

  /** Puts a run that ended before it was complete back among those that wait. */
  boolean resume(String id) {
    return sql.createUpdate(
                "UPDATE runs SET state = 'pending', ended_at = NULL, failure_name = NULL,"
                    + " failure_text = NULL, stopped_by = NULL, stopped_at = NULL"
                    + " WHERE id = :id AND state IN ('stopped', 'failed')")
            .bind("id", id)
            .execute()
        == 1;
  }

  void ended(
      String id,
      RunState state,
      long at,
      @Nullable String failureName,
      @Nullable String failureText) {
    sql.createUpdate(
            "UPDATE runs SET state = :state, ended_at = :at, failure_name = :name,"
                + " failure_text = :text WHERE id = :id"
                + " AND state IN ('pending', 'running', 'stopping')")
        .bind("id", id)
        .bind("state", state.word())
        .bind("at", at)
        .bind("name", failureName)
        .bind("text", failureText)
        .execute();
  }

  void roundsDone(String id, int rounds) {
    sql.createUpdate("UPDATE runs SET rounds_done = :rounds WHERE id = :id")
        .bind("id", id)
        .bind("rounds", rounds)
        .execute();
  }

  void visit(String run, Visit visit) {
    sql.createUpdate(
            "INSERT INTO visits (run, round, device, attempt, agent, state, changed_at, reason)"
                + " VALUES (:run, :round, :device, :attempt, :agent, :state, :at, :reason)"
                + " ON CONFLICT (run, round, device, attempt) DO UPDATE SET agent = :agent,"
                + " state = :state, changed_at = :at, reason = :reason")
        .bind("run", run)
        .bind("round", visit.round())
        .bind("device", visit.device())
        .bind("attempt", visit.attempt())
        .bind("agent", visit.agent())
        .bind("state", visit.state())
        .bind("at", visit.changedAt())
        .bind("reason", visit.reason())
        .execute();
  }

  /** The newest attempt of each visit of a run's newest round, in order of device. */
  List<Visit> visits(String run) {
    return sql.createQuery(
            "SELECT v.* FROM visits v WHERE v.run = :run"
                + " AND v.round = (SELECT MAX(round) FROM visits WHERE run = :run)"
                + " AND v.attempt = (SELECT MAX(a.attempt) FROM visits a WHERE a.run = v.run"
                + " AND a.round = v.round AND a.device = v.device) ORDER BY v.device")
        .bind("run", run)
        .map((row, context) ->
            new Visit(
                row.getInt("round"),
                row.getInt("device"),
                row.getInt("attempt"),
                row.getString("agent"),
                row.getString("state"),
                row.getLong("changed_at"),
                row.getString("reason")))
        .list();
  }

  void assign(String run, String node, String agent) {
    sql.createUpdate(
            "INSERT INTO assignments (run, node, agent) VALUES (:run, :node, :agent)"
                + " ON CONFLICT (run, node) DO UPDATE SET agent = :agent")
        .bind("run", run)
        .bind("node", node)
        .bind("agent", agent)
        .execute();
  }

  /** The runs that go on and have these agents, by agent. */
  Map<String, List<String>> going() {
    var out = new LinkedHashMap<String, List<String>>();
    sql.createQuery(
            "SELECT DISTINCT a.agent, a.run FROM assignments a JOIN runs r ON r.id = a.run"
                + " WHERE r.state IN ('running', 'stopping') ORDER BY a.agent, a.run")
        .map((row, context) ->
            out.computeIfAbsent(row.getString("agent"), key -> new ArrayList<>())
                .add(row.getString("run")))
        .list();
    return out;
  }

  /** Agents by node. */
  Map<String, String> assignments(String run) {
    var out = new LinkedHashMap<String, String>();
    sql.createQuery("SELECT node, agent FROM assignments WHERE run = :run ORDER BY node")
        .bind("run", run)
        .map((row, context) -> out.put(row.getString("node"), row.getString("agent")))
        .list();
    return out;
  }
}
