package dev.anabranch.fabrics.grpc.internal;

import static dev.anabranch.fabrics.common.BodyParty.BODY;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.PlayedVisit;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Sealed;
import dev.anabranch.fabrics.grpc.internal.proto.Visit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One device's part in one round, as the coordinator sees it. Its state is guarded by the board's
 * lock.
 */
final class RemoteVisit implements PlayedVisit<CoordinatorLink> {
  final int round;
  final NodeId device;
  final Accounts accounts = new Accounts();
  final VisitFolder folder;
  final CoordinatorLink toDevice;
  final @Nullable CoordinatorLink toBody;

  private final RunContext run;
  private @Nullable VisitGroup group;
  private @Nullable Ended deviceEnded;
  private @Nullable Ended bodyEnded;
  private @Nullable Sealed sealed;

  /** Why there is no sound reply, as the coordinator's program or the deadline saw it. */
  private @Nullable String refused;

  private @Nullable String missing;
  private @Nullable String givenUp;

  private @Nullable String awaited;
  private double awaitedSince;
  private double progress;
  private long moved;
  private double began;
  private double finished;

  RemoteVisit(RunContext run, Memory coordinatorMemory, int round, NodeId device) {
    this.run = run;
    this.round = round;
    this.device = device;
    folder = new VisitFolder(run.spool(), round, device.index());
    toDevice = new CoordinatorLink(run, this, device, coordinatorMemory);
    toBody =
        run.needs(Ability.BODY_LINKS)
            ? new CoordinatorLink(run, this, BODY, coordinatorMemory.scoped("~for " + device))
            : null;
    progress = run.clock().now();
    began = run.wall().seconds();
    folder.sealed().ifPresent(this::replay);
  }

  private void replay(Sealed whole) {
    sealed = whole;
    int attempt = whole.getVisit().getAttempt();
    for (var ended : whole.getEndedList()) {
      if (ended.getBody()) {
        bodyEnded = ended;
      } else {
        deviceEnded = ended;
      }
    }
    accounts.add(whole.getFlowsList());
    began = whole.getBegan();
    finished = whole.getFinished();
    toDevice.replay(FileSpool.read(folder.inbox(attempt, device)), reason(deviceEnded));
    if (toBody != null) {
      toBody.replay(FileSpool.read(folder.inbox(attempt, BODY)), reason(bodyEnded));
    }
  }

  private static @Nullable String reason(@Nullable Ended ended) {
    return ended == null || ended.getOutcome() == Ended.Outcome.WELL ? null : ended.getReason();
  }

  /** The parties beside the coordinator. */
  List<NodeId> parties() {
    return toBody == null ? List.of(device) : List.of(device, BODY);
  }

  CoordinatorLink link(NodeId party) {
    return party.equals(device) ? toDevice : Objects.requireNonNull(toBody);
  }

  private Stream<CoordinatorLink> links() {
    return Stream.concat(Stream.of(toDevice), Optional.ofNullable(toBody).stream());
  }

  void join(VisitGroup of) {
    group = of;
  }

  VisitGroup group() {
    return Objects.requireNonNull(group);
  }

  Visit named(int attempt) {
    return Visit.newBuilder()
        .setRun(run.run())
        .setRound(round)
        .setDevice(device.index())
        .setAttempt(attempt)
        .build();
  }

  /** A new attempt begins. Called with the lock held. */
  void begins() {
    deviceEnded = null;
    bodyEnded = null;
  }

  /** A program has ended. Called with the lock held. */
  void ended(Ended ended) {
    if (ended.getBody()) {
      bodyEnded = ended;
    } else {
      deviceEnded = ended;
    }
  }

  /** Whether all of an attempt is there. Called with the lock held. */
  boolean complete() {
    return deviceEnded != null
        && (toBody == null || bodyEnded != null)
        && links().allMatch(CoordinatorLink::drained);
  }

  /** Makes the attempt that is complete the visit's. */
  void seal(int attempt) {
    finished = run.wall().seconds();
    var whole =
        Sealed.newBuilder()
            .setVisit(named(attempt))
            .addAllEnded(ends())
            .addAllFlows(accounts.flows())
            .setBegan(began)
            .setFinished(finished)
            .build();
    folder.seal(whole);
    run.board().change(() -> sealed = whole);
    links().forEach(CoordinatorLink::settle);
  }

  /** What became of the programs. */
  List<Ended> ends() {
    return Stream.of(Optional.ofNullable(deviceEnded), Optional.ofNullable(bodyEnded))
        .flatMap(Optional::stream)
        .toList();
  }

  /** Whether nothing more will come of it. Called with the lock held. */
  boolean settled() {
    return sealed != null || givenUp != null;
  }

  /** The attempt that counts; −1 if there is none. */
  int attempt() {
    return sealed == null ? -1 : sealed.getVisit().getAttempt();
  }

  /** Ends the waiting for this visit. Called with the lock held. */
  void giveUp(String reason) {
    if (!settled()) {
      givenUp = reason;
      finished = run.wall().seconds();
    }
  }

  /** Why it was given up; null if it was not. */
  @Nullable String givenUp() {
    return givenUp;
  }

  @Override
  public NodeId device() {
    return device;
  }

  @Override
  public CoordinatorLink toDevice() {
    return toDevice;
  }

  @Override
  public @Nullable CoordinatorLink toBody() {
    return toBody;
  }

  @Override
  public void refuse(String defect) {
    run.board().change(() -> refused = defect);
  }

  @Override
  public void miss(String reason) {
    run.board().change(() -> missing = reason);
  }

  @Override
  public @Nullable String lost() {
    var lock = run.board().lock;
    lock.lock();
    try {
      return Stream.of(
              Optional.ofNullable(refused),
              Optional.ofNullable(givenUp),
              Optional.ofNullable(reason(deviceEnded)),
              Optional.ofNullable(reason(bodyEnded)),
              Optional.ofNullable(missing))
          .flatMap(Optional::stream)
          .findFirst()
          .orElse(null);
    } finally {
      lock.unlock();
    }
  }

  /** What the coordinator's program waits for from it, or null. Called with the lock held. */
  void awaited(@Nullable String what) {
    awaited = what;
    awaitedSince = run.clock().now();
  }

  /** Whether the program waits for this visit, and since when. Called with the lock held. */
  double awaitedSince() {
    return awaited == null ? Double.POSITIVE_INFINITY : awaitedSince;
  }

  /** Work was reported. Called with the lock held. */
  void progressed() {
    progress = run.clock().now();
  }

  /** So many bytes have moved so far. Called with the lock held. */
  void moved(long bytes) {
    if (bytes != moved) {
      moved = bytes;
      progressed();
    }
  }

  double progress() {
    return progress;
  }

  double began() {
    return began;
  }

  double finished() {
    return finished;
  }

  double computeSeconds() {
    return deviceEnded == null ? 0 : deviceEnded.getComputeSeconds();
  }

  double sendingSeconds() {
    return deviceEnded == null ? 0 : deviceEnded.getSendingSeconds();
  }

  double waitingSeconds() {
    return deviceEnded == null ? 0 : deviceEnded.getWaitingSeconds();
  }

  /** Ends the coordinator's side. */
  void end() {
    links().forEach(CoordinatorLink::end);
  }

  /** Frees all messages. */
  void free() {
    links().forEach(CoordinatorLink::settle);
    links().forEach(CoordinatorLink::free);
  }
}
