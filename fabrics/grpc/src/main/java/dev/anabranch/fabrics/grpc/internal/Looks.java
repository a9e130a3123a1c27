package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Failure;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.fabrics.common.Messages;
import dev.anabranch.fabrics.common.Stopped;
import dev.anabranch.fabrics.grpc.internal.proto.Look;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Measurements of what devices keep: asked of their agents, charged to nobody. A device that is
 * away is waited for up to the deadline. Of the coordinator's program.
 */
final class Looks implements Roll.RollListener {
  /** Links of measurements belong to this round. */
  static final int ROUND = Integer.MAX_VALUE;

  static final Topic<TensorMap> MEMORY = new Topic<>("memory", Codecs.TENSORS);

  /** A link is opened once at a hub, though a run may be stopped and go on there. */
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final RunContext run;

  // Under the board's lock.
  private @Nullable String awaited;
  private @Nullable String broken;

  Looks(RunContext run) {
    this.run = run;
  }

  /**
   * What a device kept under a key in a version.
   *
   * @param away told why, if the device stays away
   */
  Optional<TensorMap> memory(NodeId device, String key, Version version, Consumer<String> away) {
    run.roll().listen(this);
    try {
      while (awaitAgent(device)) {
        try {
          return ask(device, key, version);
        } catch (LinkLostException e) {
          continue; // its agent was started again, or is gone
        }
      }
      away.accept(
          String.format(
              Locale.ROOT,
              "gave no sign for %.0f s when it was asked for its '%s'",
              run.deadline(),
              key));
      return Optional.empty();
    } finally {
      run.roll().forget(this);
    }
  }

  private boolean awaitAgent(NodeId device) {
    var board = run.board();
    board.lock.lock();
    try {
      awaited = run.roll().agent(device);
      broken = null;
      double from = run.clock().now();
      board.until(() ->
          run.roll().ready(device)
              || run.clock().now() - Math.max(from, run.roll().heard(device)) > run.deadline());
      return run.roll().ready(device);
    } finally {
      board.lock.unlock();
    }
  }

  private Optional<TensorMap> ask(NodeId device, String key, Version version) {
    int mine = NUMBER.getAndIncrement();
    Path file = run.spool().resolve("look-" + mine + ".inbox");
    var linkKey = new LinkKey(run.run(), ROUND, device.index(), mine, NodeId.COORDINATOR, device);
    try (var spool = new FileSpool(file);
        var pipe = run.hub().open(linkKey, spool, Tally.NONE)) {
      var order =
          Look.newBuilder()
              .setRun(run.run())
              .setDevice(device.index())
              .setKey(key)
              .setMemory(version)
              .setNumber(mine);
      pipe.end(null);
      if (!run.roll().tell(device, Order.newBuilder().setLook(order).build())) {
        throw new LinkLostException(device, "does not attend");
      }
      Thread.ofVirtual().start(() -> loseWhenBroken(pipe));
      try {
        return found(device, pipe);
      } catch (LinkLostException e) {
        var refused = spool.hasEnded() ? spool.reason() : null;
        if (refused == null) {
          throw e;
        }
        throw new AnabranchException(
            Failure.STORAGE, run.roll().agent(device) + " refuses: " + refused);
      }
    } finally {
      run.board().change(() -> awaited = null);
      VisitFolder.delete(file);
    }
  }

  private static Optional<TensorMap> found(NodeId device, Pipe pipe) {
    Optional<TensorMap> found = Optional.empty();
    while (pipe.more()) {
      var got = Messages.decode(MEMORY, MEMORY.codec(), device, pipe.receive(), false, Memory.NONE);
      found = Optional.of(got.value().copy());
      got.free();
    }
    return found;
  }

  /** A link to an agent that was started again would wait for ever. */
  private void loseWhenBroken(Pipe pipe) {
    var board = run.board();
    board.lock.lock();
    try {
      board.until(() -> awaited == null || broken != null);
      if (broken != null) {
        pipe.lose(broken);
      }
    } catch (Stopped e) {
      pipe.lose("the run has ended");
    } finally {
      board.lock.unlock();
    }
  }

  @Override
  public void broke(String agent, String reason, boolean again) {
    if (agent.equals(awaited)) {
      broken = reason;
    }
  }

  @Override
  public void reported(String agent, Report report) {}
}
