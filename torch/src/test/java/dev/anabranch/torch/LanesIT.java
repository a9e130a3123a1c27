package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Tensor;
import dev.anabranch.torch.internal.LaneThreads;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Order, nesting, errors and the end of lanes. */
class LanesIT {
  private final List<Tensor> held = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void free() {
    held.forEach(Tensor::close);
    held.clear();
  }

  @Test
  void workRunsInTheOrderOfAsking() throws Exception {
    try (var lanes = new LaneThreads(1)) {
      var running = new CountDownLatch(1);
      var open = new CountDownLatch(1);
      var order = Collections.synchronizedList(new ArrayList<Integer>());
      var threads = new ArrayList<Thread>();
      var first =
          Thread.ofVirtual()
              .start(() ->
                  lanes.run(
                      () -> {
                        running.countDown();
                        return await(open);
                      },
                      false));
      running.await(); // the lane is taken: whoever asks from here on waits
      for (int i = 0; i < 20; i++) {
        int turn = i;
        var thread = Thread.ofVirtual().unstarted(() -> lanes.run(() -> order.add(turn), false));
        thread.start();
        awaitWaiting(thread);
        threads.add(thread);
      }
      open.countDown();
      first.join();
      for (var thread : threads) {
        thread.join();
      }
      assertThat(order).isSorted().hasSize(20);
    }
  }

  /** Until a thread has asked; nobody is told when it has. */
  private static void awaitWaiting(Thread thread) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (thread.getState() != Thread.State.WAITING) {
      assertThat(System.nanoTime() - end).as("%s has not asked", thread).isNegative();
      Thread.onSpinWait();
    }
  }

  private static boolean await(CountDownLatch latch) throws InterruptedException {
    latch.await();
    return true;
  }

  @Test
  void workOnALaneRunsItsOwnWorkInPlace() {
    try (var lanes = new LaneThreads(1)) {
      var thread =
          lanes.run(
              () ->
                  List.of(Thread.currentThread(), lanes.run(Thread::currentThread, false).value()),
              false);
      assertThat(thread.value().get(0)).isSameAs(thread.value().get(1));
      assertThat(thread.value().get(0).isVirtual()).isFalse();
    }
  }

  @Test
  void anExceptionComesOutAsItIs() {
    try (var lanes = new LaneThreads(1)) {
      var thrown = new IOException("as it is");
      assertThatThrownBy(() ->
              lanes.run(
                  () -> {
                    throw thrown;
                  },
                  false))
          .isSameAs(thrown);
      assertThat(lanes.run(() -> 1, false).value()).isEqualTo(1);
    }
  }

  @Test
  void aClosedSetRefusesWork() {
    var lanes = new LaneThreads(2);
    assertThat(lanes.count()).isEqualTo(2);
    lanes.close();
    lanes.close();
    assertThatThrownBy(() -> lanes.run(() -> 1, false))
        .hasMessage("lanes: closed (expected: open)");
    assertThatThrownBy(() -> new LaneThreads(0)).hasMessage("lanes: 0 (expected: at least 1)");
  }

  @Test
  void aWatchedRunDoesNotSeeValuesOfOthers() {
    long bytes = 256L << 20;
    try (var lanes = new LaneThreads(1)) {
      long before = lanes.liveNativeBytes();
      var others =
          lanes.run(
              () -> {
                Thread.ofVirtual().start(() -> hold(bytes)).join();
                return true;
              },
              true);
      assertThat(others.peakNativeBytes() - before).isLessThan(bytes / 2);
      free();
      var own = lanes.run(() -> hold(bytes), true);
      assertThat(own.peakNativeBytes() - before).isGreaterThan(bytes / 2);
    }
  }

  private boolean hold(long bytes) {
    return held.add(Tensor.room(bytes / Float.BYTES));
  }

  @Test
  void aWatchedRunSeesLiveMemory() {
    try (var lanes = new LaneThreads(1)) {
      assertThat(lanes.run(() -> 1, false).peakNativeBytes()).isZero();
      assertThat(lanes.run(() -> 1, true).peakNativeBytes()).isPositive();
      assertThat(lanes.liveNativeBytes()).isPositive();
    }
  }
}
