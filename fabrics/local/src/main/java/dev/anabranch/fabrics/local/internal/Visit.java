package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.BodyParty;
import dev.anabranch.fabrics.common.DeviceParty;
import dev.anabranch.fabrics.common.Party;
import dev.anabranch.fabrics.common.PlayedVisit;
import dev.anabranch.fabrics.common.StagedMemory;
import dev.anabranch.fabrics.common.Stopped;
import dev.anabranch.fabrics.common.Surroundings;
import dev.anabranch.fabrics.common.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One device's part in one round: its program, that of the body beside it, and their links. Flags
 * are guarded by the switchboard's lock.
 */
final class Visit implements PlayedVisit<LocalLink> {
  final int round;
  final NodeId device;
  final Program deviceProgram;
  final DeviceParty deviceParty;
  final @Nullable BodyParty bodyParty;
  final StagedMemory deviceMemory;
  final LocalLink coordinatorToDevice;
  final LocalLink deviceToCoordinator;
  final @Nullable LocalLink coordinatorToBody;
  final @Nullable LocalLink bodyToCoordinator;
  final @Nullable LocalLink deviceToBody;
  final @Nullable LocalLink bodyToDevice;
  final Channel up;

  private final Shared shared;
  private final LocalVisits visits;
  private final @Nullable Program bodyProgram;
  private final @Nullable StagedMemory bodyMemory;
  private final TreeMap<NodeId, LocalLink> peers = new TreeMap<>();
  private final List<Thread> threads = new ArrayList<>(2);

  boolean started;
  boolean released;

  /** Whether the coordinator is at work on this visit's reply. */
  boolean held;

  int running;

  /** Whether the device's program has said to all its links that it is gone. */
  private boolean deviceGone;

  /** Why there is no sound reply, as the coordinator, the device and the body saw it. */
  private @Nullable String refused;

  private @Nullable String missing;
  private @Nullable String deviceLost;
  private @Nullable String bodyLost;

  Visit(
      Shared shared,
      LocalVisits visits,
      Program coordinator,
      StagedMemory coordinatorMemory,
      int round,
      NodeId device,
      boolean watchDevice,
      boolean watchBody) {
    this.shared = shared;
    this.visits = visits;
    this.round = round;
    this.device = device;
    var faults = shared.job.faults();
    boolean loses = faults.loses(shared.job.seed(), device.index(), round);
    boolean poisoned = faults.poisoned().contains(new Faults.Visit(device.index(), round));
    var board = shared.board;
    deviceProgram = board.program(new Trace(device, device), loses);
    deviceParty =
        new DeviceParty(
            device,
            shared.job,
            shared.use,
            shared.meter(deviceProgram, () -> round, watchDevice),
            new DeviceSide());
    deviceMemory = shared.memories.open(device);
    var down = new Channel(NodeId.COORDINATOR, device);
    up = new Channel(device, NodeId.COORDINATOR);
    coordinatorToDevice =
        new LocalLink(
            shared,
            coordinator,
            round,
            down,
            up,
            coordinatorMemory,
            () -> visits.changed(this),
            false);
    deviceToCoordinator =
        new LocalLink(shared, deviceProgram, round, up, down, deviceMemory, () -> {}, poisoned);
    if (!shared.needs(Ability.BODY_LINKS)) {
      bodyParty = null;
      bodyProgram = null;
      bodyMemory = null;
      coordinatorToBody = null;
      bodyToCoordinator = null;
      deviceToBody = null;
      bodyToDevice = null;
      return;
    }
    var bodyId = BodyParty.BODY;
    bodyProgram = board.program(new Trace(bodyId, device), false);
    bodyParty =
        new BodyParty(
            device,
            shared.job,
            shared.use,
            shared.meter(bodyProgram, () -> round, watchBody),
            new BodySide());
    bodyMemory = shared.memories.open(bodyId);
    var mine = bodyMemory.scoped("~for " + device);
    var toBody = new Channel(NodeId.COORDINATOR, bodyId);
    var fromBody = new Channel(bodyId, NodeId.COORDINATOR);
    coordinatorToBody =
        new LocalLink(
            shared,
            coordinator,
            round,
            toBody,
            fromBody,
            coordinatorMemory.scoped("~for " + device),
            () -> {},
            false);
    bodyToCoordinator =
        new LocalLink(shared, bodyProgram, round, fromBody, toBody, mine, () -> {}, false);
    var in = new Channel(device, bodyId);
    var out = new Channel(bodyId, device);
    deviceToBody =
        new LocalLink(shared, deviceProgram, round, in, out, deviceMemory, () -> {}, false);
    bodyToDevice = new LocalLink(shared, bodyProgram, round, out, in, mine, () -> {}, false);
  }

  /** What both programs see of the visit. */
  private abstract class Side implements Surroundings {
    @Override
    public int round() {
      return round;
    }

    @Override
    public boolean needs(Ability ability) {
      return shared.needs(ability);
    }
  }

  private final class DeviceSide extends Side {
    @Override
    public Link link(NodeId peer) {
      return switch (peer.role()) {
        case COORDINATOR -> deviceToCoordinator.outer();
        case BODY -> Objects.requireNonNull(deviceToBody).outer();
        case DEVICE -> peer(peer).outer();
      };
    }

    @Override
    public Memory memory() {
      return deviceMemory;
    }
  }

  private final class BodySide extends Side {
    @Override
    public Link link(NodeId peer) {
      var link = peer.equals(device) ? bodyToDevice : bodyToCoordinator;
      return Objects.requireNonNull(link).outer();
    }

    @Override
    public Memory memory() {
      return Objects.requireNonNull(bodyMemory).scoped("~for " + device);
    }
  }

  private Program program(Party party) {
    return party == deviceParty ? deviceProgram : Objects.requireNonNull(bodyProgram);
  }

  /** Starts the programs. Called with the lock held. */
  void start() {
    started = true;
    run(deviceParty, () -> shared.method.participate(deviceParty));
    if (bodyParty != null) {
      run(bodyParty, () -> shared.method.serve(bodyParty));
    }
  }

  private void run(Party party, Runnable program) {
    running++;
    shared.board.begins(program(party));
    threads.add(
        Thread.ofVirtual()
            .name(program(party).name() + " in round " + round)
            .start(() -> attend(party, program)));
  }

  private void attend(Party party, Runnable program) {
    String reason = null;
    try {
      program.run();
    } catch (Stopped e) {
      reason = "the run has ended";
    } catch (LinkLostException e) {
      var cut = program(party).cutOff;
      reason = cut != null ? cut : e.getMessage();
    } catch (Throwable e) { // whatever it is, it ends the run
      reason = "failed";
      fail(party, e);
    } finally {
      end(party, reason);
    }
  }

  private void fail(Party party, Throwable e) {
    var text = program(party).name() + " in round " + round + ": " + e;
    var why =
        e instanceof AnabranchException known
            ? new AnabranchException(
                known.failure(),
                program(party).name() + " in round " + round + ": " + e.getMessage(),
                e)
            : new AnabranchException(
                Failure.PROGRAM, text + " (expected: a program that ends well)", e);
    shared.board.stop(party.id(), why);
  }

  private void end(Party party, @Nullable String reason) {
    try {
      party.closeModel();
    } catch (RuntimeException e) {
      fail(party, e);
    }
    var links = leave(party, reason);
    links.forEach(LocalLink::free);
    shared.board.lock.lock();
    try {
      running--;
      visits.changed(this);
      shared.board.ended(program(party));
    } finally {
      shared.board.lock.unlock();
    }
  }

  /** Tells all peers that a program has ended; who asks for a link to it later is told at once. */
  private List<LocalLink> leave(Party party, @Nullable String reason) {
    var links = new ArrayList<LocalLink>();
    shared.board.lock.lock();
    try {
      if (party == deviceParty) {
        deviceGone = true;
        deviceLost = reason;
        links.add(deviceToCoordinator);
        links.addAll(peers.values());
        if (deviceToBody != null) {
          links.add(deviceToBody);
        }
      } else {
        bodyLost = reason;
        links.add(Objects.requireNonNull(bodyToDevice));
        links.add(Objects.requireNonNull(bodyToCoordinator));
      }
      links.forEach(link -> link.end(reason));
      return links;
    } finally {
      shared.board.lock.unlock();
    }
  }

  /** The link to another device of the round, made by whoever asks first. */
  LocalLink peer(NodeId other) {
    shared.board.lock.lock();
    try {
      var known = peers.get(other);
      if (known != null) {
        return known;
      }
      var visit = visits.of(other);
      if (visit == this) {
        throw new IllegalArgumentException(
            "link to " + other + ": refused (expected: another device)");
      }
      var out = new Channel(device, other);
      var in = new Channel(other, device);
      var mine =
          new LocalLink(shared, deviceProgram, round, out, in, deviceMemory, () -> {}, false);
      var theirs =
          new LocalLink(
              shared, visit.deviceProgram, round, in, out, visit.deviceMemory, () -> {}, false);
      peers.put(other, mine);
      visit.peers.put(device, theirs);
      if (visit.deviceGone) {
        theirs.end(visit.deviceLost);
      }
      return mine;
    } finally {
      shared.board.lock.unlock();
    }
  }

  @Override
  public NodeId device() {
    return device;
  }

  @Override
  public LocalLink toDevice() {
    return coordinatorToDevice;
  }

  @Override
  public @Nullable LocalLink toBody() {
    return coordinatorToBody;
  }

  @Override
  public void refuse(String defect) {
    shared.board.lock.lock();
    try {
      refused = defect;
    } finally {
      shared.board.lock.unlock();
    }
  }

  @Override
  public void miss(String reason) {
    shared.board.lock.lock();
    try {
      missing = reason;
    } finally {
      shared.board.lock.unlock();
    }
  }

  @Override
  public @Nullable String lost() {
    shared.board.lock.lock();
    try {
      return Stream.of(
              Optional.ofNullable(refused),
              Optional.ofNullable(deviceLost),
              Optional.ofNullable(bodyLost),
              Optional.ofNullable(missing))
          .flatMap(Optional::stream)
          .findFirst()
          .orElse(null);
    } finally {
      shared.board.lock.unlock();
    }
  }

  void commit() {
    shared.memories.commit(device, deviceMemory);
    if (bodyMemory != null) {
      shared.memories.commit(BodyParty.BODY, bodyMemory);
    }
  }

  /** The coordinator has nothing more to say. */
  void end() {
    coordinatorToDevice.end(null);
    if (coordinatorToBody != null) {
      coordinatorToBody.end(null);
    }
  }

  /** Frees what the coordinator did not read. */
  void drop() {
    coordinatorToDevice.drop();
    if (coordinatorToBody != null) {
      coordinatorToBody.drop();
    }
  }

  void join() {
    threads.forEach(Threads::join);
  }

  List<Trace> traces() {
    return bodyProgram == null
        ? List.of(deviceProgram.trace)
        : List.of(deviceProgram.trace, bodyProgram.trace);
  }
}
