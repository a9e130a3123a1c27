package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheTest {
  @TempDir Path folder = Path.of("");

  private static Optional<String> read(Path file) throws IOException {
    var text = Files.readString(file);
    return text.startsWith("sound") ? Optional.of(text) : Optional.empty();
  }

  @Test
  void folder_isTheOneTheEnvironmentNames() {
    var home = Path.of("home");
    assertThat(Cache.of(Map.of(), home).folder()).isEqualTo(Path.of("home/.cache/anabranch"));
    assertThat(Cache.of(Map.of("XDG_CACHE_HOME", "x"), home).folder())
        .isEqualTo(Path.of("x/anabranch"));
    assertThat(Cache.of(Map.of("XDG_CACHE_HOME", "x", "ANABRANCH_CACHE", "own"), home).folder())
        .isEqualTo(Path.of("own"));
    assertThat(Cache.of(Map.of("ANABRANCH_CACHE", ""), home).folder())
        .isEqualTo(Path.of("home/.cache/anabranch"));
  }

  @Test
  void file_isMadeOnceAndAgainIfDamaged() throws IOException {
    var made = new AtomicInteger();
    Cache.Maker maker =
        (file, scratch) -> Files.writeString(file, "sound " + made.incrementAndGet());
    var cache = new Cache(folder.resolve("deep"));
    assertThat(cache.get("a", CacheTest::read, maker)).isEqualTo("sound 1");
    assertThat(cache.get("a", CacheTest::read, maker)).isEqualTo("sound 1");
    Files.writeString(folder.resolve("deep/a"), "damaged");
    assertThat(cache.get("a", CacheTest::read, maker)).isEqualTo("sound 2");
  }

  @Test
  void failure_leavesNothingBehind() throws IOException {
    var cache = new Cache(folder);
    assertThatThrownBy(() ->
            cache.get(
                "a",
                CacheTest::read,
                (file, scratch) -> {
                  Files.writeString(file, "half");
                  Files.writeString(scratch.resolve("b"), "c");
                  throw new IOException("disk full");
                }))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "cache: "
                + folder.resolve("a")
                + " (expected: a readable and writable file: java.io.IOException: disk full);"
                + " name another folder in ANABRANCH_CACHE");
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(folder.resolve("a.lock"));
    }
  }

  @Test
  void threads_makeItOnce() throws Exception {
    var made = new AtomicInteger();
    Callable<String> ask =
        () ->
            new Cache(folder)
                .get(
                    "a",
                    CacheTest::read,
                    (file, scratch) -> Files.writeString(file, "sound " + made.incrementAndGet()));
    try (var threads = Executors.newFixedThreadPool(4)) {
      for (var answer : threads.invokeAll(IntStream.range(0, 8).mapToObj(i -> ask).toList())) {
        assertThat(answer.get()).isEqualTo("sound 1");
      }
    }
  }
}
