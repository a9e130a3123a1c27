package dev.anabranch.fabrics.grpc;

import dev.anabranch.fabrics.grpc.internal.AgentDuty;
import dev.anabranch.fabrics.grpc.internal.Dial;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Plays devices, or the body, of runs that a coordinator offers: runs their programs with its own
 * data, and keeps their memory on its own disk. Thread-safe.
 */
public final class Agent implements AutoCloseable {
  private final AgentDuty duty;

  /**
   * Begins to attend; whatever is offered and ordered is done in the background.
   *
   * @param dial closed with this
   * @param folder where memories are kept, of this agent alone
   * @param sent told of every message that leaves
   * @param notes told what goes on, a line each
   */
  public Agent(Dial dial, RunWiring wiring, Path folder, SentLog sent, Consumer<String> notes) {
    duty = new AgentDuty(dial, wiring, sent, folder, notes);
    duty.start();
  }

  /** Waits until this is closed (null), or the coordinator will not have it (the reason). */
  public @Nullable String await() {
    return duty.await();
  }

  @Override
  public void close() {
    duty.close();
  }
}
