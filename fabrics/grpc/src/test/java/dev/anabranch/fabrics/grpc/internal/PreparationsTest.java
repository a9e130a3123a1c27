package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class PreparationsTest {
  private final Preparations preparations = new Preparations();
  private final AtomicBoolean enough = new AtomicBoolean();

  private void hash() {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      byte[] bytes = new byte[1 << 16];
      while (!enough.get()) {
        digest.update(bytes);
      }
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void awaitMoved() {
    while (!preparations.moved()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void workIsSeenAgainAndAgain_waitingIsNot() {
    var waits = new CompletableFuture<Void>();
    var never = new CompletableFuture<Void>();
    preparations.begin(
        "r",
        () -> {
          hash();
          waits.complete(null);
          never.join();
        });
    awaitMoved();
    awaitMoved();
    enough.set(true);
    waits.join();
    preparations.moved(); // what it has done before it began to wait
    for (int i = 0; i < 1000; i++) {
      assertThat(preparations.moved()).isFalse();
    }
    never.complete(null);
  }

  @Test
  void workOnThreadsThatItStartsIsItsOwn() {
    var never = new CompletableFuture<Void>();
    preparations.begin(
        "r",
        () -> {
          new Thread(this::hash, "lane").start();
          never.join();
        });
    awaitMoved();
    awaitMoved();
    enough.set(true);
    never.complete(null);
  }

  @Test
  void runIsPreparedOnce_andOneThatIsForgottenLearnsOfIt() {
    var go = new CompletableFuture<Void>();
    var wanted = new CompletableFuture<Boolean>();
    assertThat(
            preparations.begin(
                "r",
                () -> {
                  go.join();
                  wanted.complete(preparations.end("r"));
                }))
        .isTrue();
    assertThat(preparations.begin("r", () -> {})).isFalse();
    assertThat(preparations.runs()).containsExactly("r");
    preparations.forget("r");
    assertThat(preparations.runs()).isEmpty();
    var again = new CompletableFuture<Boolean>();
    var second = new CompletableFuture<Void>();
    preparations.begin(
        "r",
        () -> {
          second.join();
          again.complete(preparations.end("r"));
        });
    go.complete(null);
    assertThat(wanted.join()).isFalse();
    second.complete(null);
    assertThat(again.join()).isTrue();
  }
}
