package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.fabrics.grpc.RunWiring;
import dev.anabranch.fabrics.grpc.SentLog;
import dev.anabranch.fabrics.grpc.internal.proto.Alive;
import dev.anabranch.fabrics.grpc.internal.proto.BeginVisit;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.OfferRun;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.RunReady;
import dev.anabranch.fabrics.grpc.internal.proto.RunRefused;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries out what a coordinator orders. Thread-safe: orders come one after the other and only
 * start work; a thread tells every second what goes on.
 */
public final class AgentDuty implements Dial.OrderListener, AutoCloseable {
  private static final long TICK_MILLIS = 1000;

  private final Dial dial;
  private final RunWiring wiring;
  private final SentLog sentLog;
  private final EndedRuns memories;
  private final Consumer<String> notes;
  private final Thread ticker;
  private final CompletableFuture<@Nullable String> end = new CompletableFuture<>();
  private final Map<String, AgentRun> runs = new TreeMap<>();
  private final Preparations preparing = new Preparations();
  private volatile boolean closed;

  /**
   * @param folder where memories are kept, of this agent alone
   * @param notes told what goes on, a line each
   */
  public AgentDuty(
      Dial dial, RunWiring wiring, SentLog sentLog, Path folder, Consumer<String> notes) {
    this.dial = dial;
    this.wiring = wiring;
    this.sentLog = sentLog;
    this.memories = new EndedRuns(folder);
    this.notes = notes;
    ticker = Thread.ofVirtual().name("signs of life").unstarted(this::tick);
  }

  /** Begins to attend. */
  public void start() {
    dial.attend(this);
    ticker.start();
  }

  /**
   * Waits until this is closed, or the coordinator will not have the agent: then with its reason.
   */
  public @Nullable String await() {
    return end.join();
  }

  private void tick() {
    while (!closed) {
      try {
        Thread.sleep(TICK_MILLIS); // a sign is due by the clock, whatever happens meanwhile
      } catch (InterruptedException e) {
        continue;
      }
      var alive = Alive.newBuilder();
      synchronized (this) {
        alive.addAllPreparing(preparing.runs());
        if (runs.isEmpty() && alive.getPreparingCount() == 0) {
          continue;
        }
        runs.values().forEach(run -> alive.addAllDoing(run.doing()));
      }
      alive.setPrepares(alive.getPreparingCount() > 0 && preparing.moved());
      dial.report(Report.newBuilder().setAlive(alive).build());
    }
  }

  @Override
  public void attending(ByteString epoch, boolean fresh) {
    notes.accept(fresh ? "connected to the coordinator" : "connected again");
    if (fresh) {
      synchronized (this) {
        runs.values().forEach(run -> run.abandonAll("the coordinator was started again"));
      }
    }
  }

  @Override
  public void ordered(Order order) {
    switch (order.getWhatCase()) {
      case OFFER -> offer(order.getOffer());
      case BEGIN -> begin(order.getBegin());
      case ABANDON -> {
        var run = run(order.getAbandon().getVisit().getRun());
        if (run != null) {
          run.abandon(order.getAbandon());
        }
      }
      case LOOK -> {
        var run = run(order.getLook().getRun());
        if (run != null) {
          Thread.ofVirtual().start(() -> run.look(order.getLook()));
        }
      }
      case CLOSE -> close(order.getClose().getRun(), order.getClose().getReason());
      case WHAT_NOT_SET -> {}
    }
  }

  private synchronized @Nullable AgentRun run(String id) {
    return runs.get(id);
  }

  private void offer(OfferRun offer) {
    synchronized (this) {
      if (!runs.containsKey(offer.getRun())) {
        preparing.begin(offer.getRun(), () -> prepare(offer));
        return;
      }
    }
    ready(offer.getRun());
  }

  private void ready(String run) {
    dial.report(Report.newBuilder().setReady(RunReady.newBuilder().setRun(run)).build());
  }

  private void prepare(OfferRun offer) {
    var id = offer.getRun();
    try {
      notes.accept("run " + id + ": offered");
      memories.offered(id);
      var wired = wiring.wire(id, offer.getPlan());
      var run = new AgentRun(dial, sentLog, wired, memories.of(id));
      synchronized (this) {
        if (!preparing.end(id) || closed) {
          run.close(false);
          return;
        }
        runs.put(id, run);
      }
      notes.accept("run " + id + ": ready");
      ready(id);
    } catch (Throwable e) { // whatever it is, the coordinator is told
      if (!preparing.end(id)) {
        return;
      }
      var why = e instanceof AnabranchException ? String.valueOf(e.getMessage()) : e.toString();
      notes.accept("run " + id + ": refused: " + why);
      dial.report(
          Report.newBuilder()
              .setRefused(
                  RunRefused.newBuilder().setRun(id).setFailure(AgentRun.failure(e)).setReason(why))
              .build());
    }
  }

  private void begin(BeginVisit order) {
    var run = run(order.getVisit().getRun());
    if (run != null) {
      run.begin(order);
      return;
    }
    dial.report(
        Report.newBuilder()
            .setEnded(
                Ended.newBuilder()
                    .setVisit(order.getVisit())
                    .setBody(order.getBody())
                    .setOutcome(Ended.Outcome.BROKEN)
                    .setReason("the run is not ready here"))
            .build());
  }

  private void close(String id, String reason) {
    AgentRun run;
    synchronized (this) {
      preparing.forget(id);
      run = runs.remove(id);
    }
    if (run != null) {
      notes.accept("run " + id + ": " + (reason.isEmpty() ? "ended" : reason));
      Thread.ofVirtual().start(() -> run.close(reason.isEmpty()));
    }
  }

  @Override
  public void cut(String reason) {
    notes.accept("the line is cut: " + reason + "; dialling again");
  }

  @Override
  public void refused(String reason) {
    end.complete(reason);
  }

  @Override
  public void close() {
    closed = true;
    ticker.interrupt();
    synchronized (this) {
      runs.values().forEach(run -> run.close(false));
      runs.clear();
    }
    dial.close();
    end.complete(null);
  }
}
