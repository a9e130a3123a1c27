package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.FileCheckpoints;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Settings;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireOut;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Flow;
import dev.anabranch.fabrics.grpc.internal.proto.Sealed;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import dev.anabranch.fabrics.grpc.internal.proto.Visit;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.testkit.CodecForm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * Files that an earlier process has written, behind a choice: a spool of messages, the seal of a
 * visit, and checkpoints, of an agent's memory and of a coordinator, whose state every method
 * reads. A checkpoint's digest is set right, which no change of its bytes would.
 */
final class FilesFuzz extends FuzzTarget {
  private static final int DIGEST = 32;
  private static final NodeId DEVICE = NodeId.device(2);

  private final Path folder;
  private final VisitFolder visit;
  private final AgentMemory memory;
  private final Path seal;
  private final Path version;
  private final Path checkpoint;
  private final List<Codec<?>> states = new ArrayList<>();

  FilesFuzz() {
    try {
      folder = Files.createTempDirectory("anabranch-fuzz");
      visit = new VisitFolder(folder, 0, DEVICE.index());
      memory = new AgentMemory(folder.resolve("device-2"), DEVICE);
      version = Files.createDirectories(folder.resolve("device-2").resolve("0.0"));
      checkpoint = version.resolve("round-000000.ckpt");
      var device = folder.resolve("round-000000").resolve("device-000002");
      Files.createDirectories(device.resolve("attempt-0"));
      seal = device.resolve("sealed");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> VisitFolder.delete(folder)));
    ServiceLoader.load(MethodProvider.class).stream()
        .map(provider -> provider.get().kind())
        .map(kind -> kind.make().apply(Settings.read("", kind.knobs(), Map.of())).state())
        .sorted(Comparator.comparing(Codec::id))
        .forEach(state -> {
          if (states.stream().noneMatch(other -> other.id().equals(state.id()))) {
            states.add(state);
          }
        });
  }

  @Override
  List<byte[]> seeds() {
    try {
      var out = new ArrayList<byte[]>();
      out.add(FuzzInput.join(FuzzInput.of(0), spool()));
      out.add(FuzzInput.join(FuzzInput.of(1), seal().toByteArray()));
      for (long seed = 1; seed < 4; seed++) {
        save(memories(seed), new byte[0], new byte[0]);
        out.add(stored());
      }
      var map = CodecForm.MAPS.message(2, 2, false);
      var wire = new WireOut();
      Codecs.TENSORS.encode(map, wire, Memory.NONE);
      try (var encoded = wire.finish()) {
        var head = encoded.head().toArray(ValueLayout.JAVA_BYTE);
        var body = encoded.body().toArray(ValueLayout.JAVA_BYTE);
        save(Map.of(), head, body);
        out.add(stored());
        save(Map.of(), FuzzInput.join(head, head), FuzzInput.join(body, body));
        out.add(stored());
      }
      return out;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] spool() throws IOException {
    var file = folder.resolve("seed");
    try (var spool = new FileSpool(file)) {
      for (int size : new int[] {100, 0, 64, 0}) {
        var message = spool.begin("update", "c/1", 20, size);
        message.head(Bench.bytes(20, 1));
        message.body(Bench.bytes(size, 2));
        message.whole();
      }
    }
    return Files.readAllBytes(file);
  }

  private static MessageLite seal() {
    var named = Visit.newBuilder().setRun("r1").setDevice(DEVICE.index());
    return Sealed.newBuilder()
        .setVisit(named)
        .addEnded(Ended.newBuilder().setVisit(named).setPeakBytes(7).setComputeSeconds(0.5))
        .addFlows(
            Flow.newBuilder()
                .setFrom("device 2")
                .setTo("coordinator")
                .setTopic("update")
                .setMessages(1)
                .setPayload(400)
                .setFraming(30))
        .setBegan(1)
        .setFinished(2)
        .build();
  }

  private static Map<String, TensorMap> memories(long seed) {
    return Map.of(
        "k", CodecForm.MAPS.message(seed, seed, false),
        "residual", CodecForm.MAPS.message(seed + 7, seed, true));
  }

  private void save(Map<String, TensorMap> values, byte[] head, byte[] body) {
    var state = new Wire(MemorySegment.ofArray(head), MemorySegment.ofArray(body), () -> {});
    new FileCheckpoints(version)
        .save(new Checkpoint(0, state, Map.of(DEVICE, values), Map.of("peak device 2", "7")));
  }

  private byte[] stored() throws IOException {
    byte[] file = Files.readAllBytes(checkpoint);
    return FuzzInput.join(FuzzInput.of(2), Arrays.copyOf(file, file.length - DIGEST));
  }

  /** All of a spool may be mapped, and a state is read from there by each method. */
  @Override
  long declared(int length) {
    return 64L * length;
  }

  @Override
  int changes() {
    return 400; // files take their time
  }

  @Override
  void decode(byte[] input) throws Exception {
    var in = new FuzzInput(input);
    int choice = in.choice() % 3;
    byte[] rest = in.rest();
    switch (choice) {
      case 0 -> spool(rest);
      case 1 -> seal(rest);
      default -> checkpoint(rest);
    }
  }

  private void spool(byte[] bytes) throws IOException {
    var file = visit.inbox(0, DEVICE);
    Files.write(file, bytes);
    for (var arrival : FileSpool.read(file)) {
      try (var wire = arrival.open().wire()) {
        assertThat(wire.head().byteSize() + wire.body().byteSize())
            .isLessThanOrEqualTo(bytes.length);
      }
    }
  }

  private void seal(byte[] bytes) throws IOException {
    Files.write(seal, bytes);
    var sealed = visit.sealed().orElseThrow();
    var accounts = new Accounts();
    accounts.add(sealed.getFlowsList());
    accounts.hops().forEach((hop, crossed) -> assertThat(crossed.payload()).isNotNegative());
    assertThat(sealed.getVisit().getAttempt()).isNotNegative();
  }

  private void checkpoint(byte[] bytes) throws Exception {
    var digest = MessageDigest.getInstance("SHA-256").digest(bytes);
    Files.write(checkpoint, FuzzInput.join(bytes, digest));
    memory
        .open(Version.getDefaultInstance())
        .memory()
        .get("k")
        .ifPresent(map -> {
          keep(map);
          assertThat(map.isFinite()).isIn(true, false);
        });
    var last = new FileCheckpoints(version).last().orElseThrow();
    assertThat(last.nextRound()).isNotNegative();
    try (var state = last.state()) {
      for (var codec : states) {
        read(codec, state);
      }
    }
  }

  private static void read(Codec<?> codec, Wire state) {
    try {
      var in = state.open();
      assertThat((Object) codec.decode(in, Memory.NONE)).isNotNull();
      in.end();
    } catch (WireException e) {
      assertThat(e).hasMessageContaining(" (expected: "); // of another method
    }
  }
}
