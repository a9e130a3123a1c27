package dev.anabranch.fabrics.local;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.fabrics.common.Abilities;
import dev.anabranch.fabrics.local.internal.Conduct;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * All parties in one process: programs on virtual threads, tensor work on the engine's lanes, time
 * by a virtual clock. Every message is really encoded, metered and decoded. Results, costs, virtual
 * times and the order of the run log depend on the job alone, never on threads. Immutable; one
 * fabric may run several jobs, one after another.
 *
 * <p>Framing of a message is its head, the UTF-8 bytes of its codec's id and of its topic's name,
 * and a frame header of 16 bytes (length of payload, of head, sequence number).
 *
 * <p>A message that was received is valid until the visit ends, at the coordinator until its {@code
 * Visits} are closed; large replies are freed as later ones are asked for.
 *
 * <p>Installing frozen weights is charged in bytes and takes no virtual time; measurements of the
 * hold-out take none either. Of each kind of party the first visit (of the round from which memory
 * is measured) has the lanes to itself while it works, so that its memory can be told.
 *
 * <p>An injected loss strikes when the device would send its first message: its work is charged,
 * its update is gone.
 */
public final class LocalFabric implements Fabric {
  private static final Set<Ability> ABILITIES = Set.of(Ability.values());

  private final int resident;
  private final int measuredFrom;
  private final UnaryOperator<Link> links;

  /** One visit more than the engine has lanes: while one is on the wire, no lane is idle. */
  public LocalFabric() {
    this(0, UnaryOperator.identity());
  }

  /**
   * @param resident how many visits may hold a model at the same time; 0: one more than there are
   *     lanes
   */
  public LocalFabric(int resident) {
    this(resident, UnaryOperator.identity());
  }

  /**
   * @param links wraps every end of a link that a program gets, as a test does to watch it
   */
  public LocalFabric(int resident, UnaryOperator<Link> links) {
    this(resident, links, 0);
  }

  private LocalFabric(int resident, UnaryOperator<Link> links, int measuredFrom) {
    Check.that(resident >= 0, "resident", resident, "at least 0");
    this.resident = resident;
    this.links = links;
    this.measuredFrom = measuredFrom;
  }

  /**
   * The same, but no visit's memory is measured before a round: in the first rounds the virtual
   * machine itself takes and frees memory, which cannot be told from that of the visit. Visits of
   * earlier rounds are charged what is measured later.
   *
   * @param round one that the run will have, 0 at least
   */
  public LocalFabric measuringFrom(int round) {
    return new LocalFabric(resident, links, round);
  }

  @Override
  public Set<Ability> abilities() {
    return EnumSet.copyOf(ABILITIES);
  }

  /**
   * Runs a method to its end, or from its last checkpoint.
   *
   * @throws AnabranchException of kind QUORUM, DEADLOCK, PROGRAM or UNSUPPORTED
   */
  @Override
  public <S> Outcome run(Method<S> method, Job job) {
    Abilities.require(method, ABILITIES);
    return Conduct.of(
            method,
            job,
            resident > 0 ? resident : job.engine().lanes().count() + 1,
            measuredFrom,
            links)
        .run();
  }
}
