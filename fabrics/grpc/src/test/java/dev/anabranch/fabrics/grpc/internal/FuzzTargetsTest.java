package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.parts.ValueCodecs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@code make fuzz} does, for a second or two: the inputs that once were findings, the seeds,
 * and changes of both, the same each time.
 */
class FuzzTargetsTest {
  static List<String> targets() {
    return List.copyOf(FuzzEntry.targets().keySet());
  }

  @ParameterizedTest
  @MethodSource("targets")
  void anyBytes_areReadOrRefused(String name) throws Exception {
    var target = FuzzEntry.make(name);
    var inputs = new ArrayList<>(target.seeds());
    inputs.addAll(kept(name));
    for (byte[] input : List.copyOf(inputs)) {
      survives(target, input);
    }
    var random = new Random(name.hashCode());
    for (int i = 0; i < target.changes(); i++) {
      survives(target, FuzzMutations.draw(inputs, random));
    }
  }

  private static void survives(FuzzTarget target, byte[] input) {
    try {
      target.run(input);
    } catch (Throwable e) {
      throw new AssertionError("input " + HexFormat.of().formatHex(input), e);
    }
  }

  /** Each was a finding. */
  private static List<byte[]> kept(String name) throws IOException {
    var folder = Path.of("src", "test", "resources", "fuzz", name);
    var out = new ArrayList<byte[]>();
    if (Files.isDirectory(folder)) {
      try (var files = Files.list(folder)) {
        for (var file : files.sorted().toList()) {
          out.add(Files.readAllBytes(file));
        }
      }
    }
    return out;
  }

  @Test
  void everyValueCodec_isFuzzed() {
    assertThat(CodecsFuzz.VALUES.stream().map(text -> text.replaceAll("\\(.*", "")))
        .containsAll(ValueCodecs.list().stream().map(ValueCodecs.Entry::name).toList());
  }
}
