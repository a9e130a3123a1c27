package dev.anabranch.app.daemon;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.RunLog;
import dev.anabranch.service.AgentDirectory;
import dev.anabranch.service.RunExecutor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a run's log, and tells the coordinator's database of visits, and of what each device sent.
 * Thread-safe.
 *
 * @param assigned agents by node
 */
record TapLog(
    RunLog log, RunExecutor.Task task, AgentDirectory agents, Map<String, String> assigned)
    implements RunLog {
  @Override
  public void append(String kind, int round, Map<String, ?> fields) {
    if (kind.equals("partition") && ofItsOwner(number(fields, "device"))) {
      return; // nobody but its owner knows what labels it has
    }
    log.append(kind, round, fields);
    switch (kind) {
      case "assign" -> {
        var why = task.stopping(); // asked before the transport knew of the run
        if (why != null) {
          throw new AnabranchException(Failure.STOPPED, why);
        }
      }
      case "attempt" -> visit(round, fields, number(fields, "attempt"), state(fields));
      case "wire" -> sent(fields);
      default -> {}
    }
  }

  private boolean ofItsOwner(int device) {
    @Nullable String agent = assigned.get("device " + device);
    return agent != null && "own".equals(agents.profile(agent).get("data"));
  }

  private void visit(int round, Map<String, ?> fields, int attempt, String state) {
    int device = number(fields, "device");
    task.visit(
        round,
        device,
        attempt,
        assigned.get("device " + device),
        state,
        fields.get("reason") instanceof String reason ? reason : null);
  }

  private static String state(Map<String, ?> fields) {
    return String.valueOf(fields.get("state"));
  }

  private void sent(Map<String, ?> fields) {
    @Nullable String agent = assigned.get(String.valueOf(fields.get("from")));
    if (agent != null) {
      agents.sent(
          agent,
          String.valueOf(fields.get("topic")),
          number64(fields, "payload") + number64(fields, "framing"));
    }
  }

  private static int number(Map<String, ?> fields, String name) {
    return (int) number64(fields, name);
  }

  private static long number64(Map<String, ?> fields, String name) {
    return fields.get(name) instanceof Number n ? n.longValue() : 0;
  }
}
