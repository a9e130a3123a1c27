package dev.anabranch.fabrics.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Device;
import dev.anabranch.core.Job;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.RunLog;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.testkit.Gossip;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.Programs;
import dev.anabranch.testkit.Remembering;
import dev.anabranch.testkit.Split;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Thirty faults, drawn: agents and coordinators that die, lines that are cut in the middle of a
 * message. Whatever befalls whom at which moment, the result is that of the undisturbed run.
 */
@Timeout(120)
class ChaosIT {
  private static final int DEVICES = 5;
  private static final int FAULTS = 10;

  /** Bytes after which a line is cut: in the middle of what one of these visits exchanges. */
  private static final int SOON = 4000;

  @TempDir private Path folder;

  /**
   * Something that befalls one of the processes.
   *
   * @param at so many things have happened before it
   */
  private record Fault(int at, String player, Kind kind, int bytes) implements Comparable<Fault> {
    enum Kind {
      KILL,
      CUT
    }

    @Override
    public int compareTo(Fault other) {
      return Integer.compare(at, other.at);
    }
  }

  /**
   * Lets faults strike while a run goes on: at each line of its log, and at each program's begin.
   */
  private static final class Chaos implements RunLog, AutoCloseable {
    private final Federation federation;
    private final MemoryLog log = new MemoryLog();
    private final PriorityQueue<Fault> open;
    private final List<Fault> struck = new ArrayList<>();
    private final ExecutorService striking =
        Executors.newSingleThreadExecutor(Thread.ofVirtual().name("fate").factory());
    private int happened;

    Chaos(Federation federation, List<Fault> faults) {
      this.federation = federation;
      this.open = new PriorityQueue<>(faults);
    }

    @Override
    public void append(String kind, int round, Map<String, ?> fields) {
      log.append(kind, round, fields);
      if (kind.equals("attempt") || kind.equals("round")) {
        happens();
      }
    }

    /** Something happens; a fault may follow. */
    synchronized void happens() {
      happened++;
      while (!open.isEmpty() && open.element().at() <= happened) {
        var fault = open.remove();
        striking.execute(() -> strike(fault));
      }
    }

    private void strike(Fault fault) {
      if (fault.kind() == Fault.Kind.CUT) {
        federation.line(fault.player()).cutAfter(fault.bytes());
      } else if (!fault.player().equals("coordinator")) {
        federation.kill(fault.player());
        federation.start(fault.player());
      } else if (!federation.stopAndRestartCoordinator()) {
        later(fault); // it is being started again just now
        return;
      }
      struck.add(fault);
    }

    private synchronized void later(Fault fault) {
      open.add(fault);
    }

    /** Waits until what has been decided has been done. */
    void settle() {
      CompletableFuture.runAsync(() -> {}, striking).join();
    }

    @Override
    public void close() {
      striking.close();
    }
  }

  private static List<Fault> draw(Random random, boolean body, int moments) {
    var players = new ArrayList<>(List.of("device-0", "device-1", "device-2"));
    if (body) {
      players.add("body");
    }
    var out = new ArrayList<Fault>();
    for (int i = 0; i < FAULTS; i++) {
      int at = 1 + random.nextInt(moments);
      int which = random.nextInt(2 * players.size() + 1);
      out.add(
          which == 2 * players.size()
              ? new Fault(at, "coordinator", Fault.Kind.KILL, 0)
              : new Fault(
                  at,
                  players.get(which / 2),
                  which % 2 == 0 ? Fault.Kind.KILL : Fault.Kind.CUT,
                  1 + random.nextInt(SOON)));
    }
    return out;
  }

  private static Programs watched(Programs method, Chaos chaos) {
    Consumer<Device> device =
        me -> {
          chaos.happens();
          method.device().accept(me);
        };
    Consumer<BodyHost> body =
        me -> {
          chaos.happens();
          method.body().accept(me);
        };
    return new Programs(method.needs(), method.coordinator(), device, body);
  }

  static Stream<Arguments> methods() {
    return Stream.of(
        Arguments.of("split", (IntFunction<Programs>) Split::method, 6, true),
        Arguments.of("gossip", (IntFunction<Programs>) Gossip::method, 6, false),
        Arguments.of("remembering", (IntFunction<Programs>) Remembering::method, 12, false));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("methods")
  void result_isThatOfTheUndisturbedRun(
      String name, IntFunction<Programs> make, int rounds, boolean body) {
    var method = make.apply(rounds);
    int moments = rounds * DEVICES; // each visit is invited, begun and whole: more than that happen
    var faults = draw(new Random(name.hashCode()), body, moments);
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, 3, Duration.ofSeconds(60));
        var chaos = new Chaos(federation, faults)) {
      federation.overLines();
      var expected =
          new LocalFabric(2)
              .run(method, ToyJob.of(engine, DEVICES).job(method.use(engine.facts())));
      var job = ToyJob.of(engine, DEVICES).withLog(chaos).job(method.use(engine.facts()));
      var disturbed = watched(method, chaos);
      federation.wire(disturbed, job);
      var actual = run(federation, disturbed, job, chaos);
      assertThat(actual.trained().sha256()).as("%s", faults).isEqualTo(expected.trained().sha256());
      assertThat(actual.last()).isEqualTo(expected.last());
      assertThat(actual.lost()).isZero();
      assertThat(chaos.log.of("lost")).isEmpty();
      assertThat(chaos.struck).hasSize(FAULTS);
    }
  }

  /** Runs to the end, as the coordinators do that are started one after the other. */
  private static Outcome run(Federation federation, Programs method, Job job, Chaos chaos) {
    while (true) {
      try {
        return federation.grpc("r").run(method, job);
      } catch (AnabranchException e) {
        assertThat(e).hasMessage("the coordinator is stopped");
        chaos.settle();
      }
    }
  }
}
