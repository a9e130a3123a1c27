package dev.anabranch.fabrics.grpc;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.fabrics.common.Abilities;
import dev.anabranch.fabrics.grpc.internal.Conduct;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's side of a run between real machines: the method's {@code coordinate} runs here,
 * the other programs run where their {@link Agent}s are. The same seed gives the same trained
 * variables as the local fabric, to the bit. Time is wall time; there is no virtual clock.
 *
 * <p>A try at a visit that breaks, because a process died or a line stayed cut, is followed by
 * another; programs see nothing of it. Only a visit that makes no progress within the deadline is
 * lost. What a device sends lies on the coordinator's disk before it is acknowledged, and the
 * visits of a round that are whole there are not asked again when the coordinator is started anew.
 *
 * <p>Bytes are charged as they cross at the coordinator: payload, and as framing everything else
 * that was on the wire, what was sent again included. What a device and the body or another device
 * exchange is passed on by the coordinator and charged as two hops. {@link Ability#POOLED_DATA} is
 * refused. Immutable; runs one job.
 */
public final class GrpcFabric implements Fabric {
  private static final Set<Ability> ABILITIES =
      EnumSet.complementOf(EnumSet.of(Ability.POOLED_DATA));

  /**
   * What a run needs to know of its surroundings.
   *
   * @param run its id, the same whenever it is resumed
   * @param plan its resolved plan, for agents
   * @param devices agents, dealt to the devices of the plan in turn: device i is played by agent i
   *     mod size
   * @param body the agent of the body; null where the method needs none
   * @param spool folder for messages on their way, the same whenever the run is resumed
   * @param deadline without progress after which a visit is lost
   */
  public record Settings(
      String run,
      String plan,
      List<String> devices,
      @Nullable String body,
      Path spool,
      Duration deadline) {
    public Settings {
      devices = List.copyOf(devices);
      Check.that(!devices.isEmpty(), "devices", "none", "at least one agent");
      Check.that(deadline.isPositive(), "deadline", deadline, "above 0");
    }
  }

  private final Attendance attendance;
  private final Function<Job, Settings> settings;

  public GrpcFabric(Attendance attendance, Settings settings) {
    this(attendance, job -> settings);
  }

  /**
   * @param settings made when the job is known
   */
  public GrpcFabric(Attendance attendance, Function<Job, Settings> settings) {
    this.attendance = attendance;
    this.settings = settings;
  }

  @Override
  public Set<Ability> abilities() {
    return EnumSet.copyOf(ABILITIES);
  }

  /**
   * Runs a method to its end, or from its last checkpoint.
   *
   * @throws AnabranchException of kind QUORUM, PROGRAM, STORAGE, CORRUPT or, before any agent is
   *     told, UNSUPPORTED
   */
  @Override
  public <S> Outcome run(Method<S> method, Job job) {
    Abilities.require(method, ABILITIES);
    var set = settings.apply(job);
    if (method.card().needs().contains(Ability.BODY_LINKS) && set.body() == null) {
      throw AnabranchException.expected(
          Failure.UNSUPPORTED,
          "method " + method.card().name(),
          "no body attends",
          "a body, as the method is a split one; start one with 'anabranch body'");
    }
    var conduct = Conduct.of(method, job, set, attendance.hub());
    attendance.enter(set.run(), conduct.roll());
    try {
      return conduct.run();
    } finally {
      attendance.leave(set.run());
    }
  }
}
