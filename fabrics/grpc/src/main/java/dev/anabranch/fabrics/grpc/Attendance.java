package dev.anabranch.fabrics.grpc;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.Authoriser;
import dev.anabranch.fabrics.grpc.internal.Hub;
import dev.anabranch.fabrics.grpc.internal.Identity;
import dev.anabranch.fabrics.grpc.internal.LinkKey;
import dev.anabranch.fabrics.grpc.internal.Roll;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Who attends at a coordinator: hears its hub and tells the runs that go on there. One for each
 * hub, made before the hub's server starts. Thread-safe.
 */
public final class Attendance {
  private final Hub hub;
  private final Function<Identity, @Nullable String> refusal;
  private final CoordinatorPort.@Nullable Doorkeeper doorkeeper;
  private final Map<String, Roll> runs = new ConcurrentHashMap<>();

  /** Lets everybody attend whom the transport lets in. */
  public Attendance(Hub hub) {
    this(hub, who -> null);
  }

  /**
   * @param refusal why an agent may not attend, such as that its certificate is revoked; null if it
   *     may
   */
  public Attendance(Hub hub, Function<Identity, @Nullable String> refusal) {
    this(hub, refusal, null);
  }

  Attendance(
      Hub hub,
      Function<Identity, @Nullable String> refusal,
      CoordinatorPort.@Nullable Doorkeeper doorkeeper) {
    this.hub = hub;
    this.doorkeeper = doorkeeper;
    this.refusal = refusal;
    hub.listen(new Ears());
    hub.authorise(new Doorkeeper());
  }

  /** Agents that attend now, or did a moment ago. */
  public Set<String> attending() {
    return hub.attending();
  }

  /**
   * Ends a run that goes on here: {@link GrpcFabric#run} throws this failure. What it has done up
   * to its last checkpoint stands, and what the devices keep stays with them.
   *
   * @return false if no such run goes on
   */
  public boolean stop(String run, AnabranchException why) {
    var roll = runs.get(run);
    if (roll != null) {
      roll.stop(why);
    }
    return roll != null;
  }

  Hub hub() {
    return hub;
  }

  /** From now on a run hears of agents. */
  void enter(String run, Roll roll) {
    if (runs.putIfAbsent(run, roll) != null) {
      throw new IllegalStateException("run: " + run + " (expected: one that is not going on)");
    }
    hub.attending().forEach(agent -> roll.attends(agent, true));
  }

  void leave(String run) {
    runs.remove(run);
  }

  /** Hears the hub. */
  private final class Ears implements Hub.AgentListener {
    @Override
    public void attends(Identity who, boolean fresh) {
      if (doorkeeper != null) {
        doorkeeper.came(who.agent());
      }
      runs.values().forEach(roll -> roll.attends(who.agent(), fresh));
    }

    @Override
    public void gone(String agent, String reason) {
      if (doorkeeper != null) {
        doorkeeper.left(agent, reason);
      }
      runs.values().forEach(roll -> roll.gone(agent, reason));
    }

    @Override
    public void reported(String agent, Report report) {
      runs.values().forEach(roll -> roll.reported(agent, report));
    }
  }

  /** Lets an agent be only who it is in a run. */
  private final class Doorkeeper implements Authoriser {
    @Override
    public @Nullable String refuseAttendance(Identity who) {
      return refusal.apply(who);
    }

    @Override
    public @Nullable String refuseLink(Identity who, LinkKey key, NodeId end) {
      var refused = refusal.apply(who);
      if (refused != null) {
        return refused;
      }
      var roll = runs.get(key.run());
      if (roll == null) {
        return "run: " + key.run() + " (expected: one that is going on)";
      }
      return roll.plays(who.agent(), end)
          ? null
          : "link of " + end + " by " + who.agent() + ": refused (expected: its own agent)";
    }
  }
}
