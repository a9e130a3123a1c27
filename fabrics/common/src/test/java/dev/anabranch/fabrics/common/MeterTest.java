package dev.anabranch.fabrics.common;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Lanes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.junit.jupiter.api.Test;

class MeterTest {
  private final Counted lanes = new Counted();
  private final List<String> told = new ArrayList<>();

  private Meter meter(boolean watched) {
    return new Meter(
        lanes,
        new ReentrantReadWriteLock(),
        (work, nanos, macs) -> told.add(work + " " + nanos + " " + macs),
        () -> {},
        watched);
  }

  /** One lane on the thread of the test; live bytes are what the test makes of them. */
  private static final class Counted implements Lanes {
    private long live = 1000;
    private long elsewhere = 300;

    @Override
    public int count() {
      return 1;
    }

    @Override
    public <T> Done<T> run(Callable<T> body, boolean watchMemory) {
      try {
        return new Done<>(body.call(), 5, 7, 0);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public long liveNativeBytes() {
      return live;
    }

    @Override
    public long elsewhereBytes() {
      return elsewhere;
    }

    @Override
    public void close() {}
  }

  private Callable<Boolean> takes(long own, long others) {
    return () -> {
      lanes.live += own + others;
      lanes.elsewhere += others;
      return true;
    };
  }

  @Test
  void whatOthersTakeMeanwhile_isNotItsGrowth() {
    var meter = meter(true);
    meter.run("a", takes(100, 50_000));
    assertThat(meter.growth()).isEqualTo(100);
    meter.run("b", takes(20, -40_000));
    assertThat(meter.growth()).isEqualTo(120);
    lanes.live += 7_000; // between its pieces of work
    meter.run("c", takes(-60, 0));
    meter.run("d", takes(10, 0));
    assertThat(meter.growth()).isEqualTo(120);
  }

  @Test
  void workIsTold_andOnlyThatOfAWatchedMeterGrows() {
    var meter = meter(false);
    assertThat(meter.used()).isFalse();
    meter.run("outer", () -> meter.run("inner", takes(10, 0)));
    assertThat(told).containsExactly("outer 7 5");
    assertThat(meter.used()).isTrue();
    assertThat(meter.growth()).isZero();
  }

  @Test
  void whatWaits_isRefusedOnALane() {
    var meter = meter(false);
    assertThatThrownBy(() ->
            meter.run(
                "a",
                () -> {
                  Meter.refuseOnLane("link: used");
                  return true;
                }))
        .rootCause()
        .hasMessage("link: used on a lane (expected: outside of lane work)");
    Meter.refuseOnLane("link: used");
  }
}
