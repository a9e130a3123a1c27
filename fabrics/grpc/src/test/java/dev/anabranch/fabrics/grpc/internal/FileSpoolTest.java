package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.fabrics.common.Parcel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSpoolTest {
  @TempDir private Path folder;

  private static MemorySegment bytes(int n, int seed) {
    var out = new byte[n];
    for (int i = 0; i < n; i++) {
      out[i] = (byte) (seed + i);
    }
    return MemorySegment.ofArray(out);
  }

  private static byte[] read(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  private static void write(FileSpool spool, String topic, int head, int body) {
    var message = spool.begin(topic, "c/1", head, body);
    message.head(bytes(head, 1).asSlice(0, head / 2));
    message.head(bytes(head, 1).asSlice(head / 2));
    message.body(bytes(body, 2).asSlice(0, body / 3));
    message.body(bytes(body, 2).asSlice(body / 3));
    var got = message.whole().open();
    assertThat(read(got.wire().head())).isEqualTo(read(bytes(head, 1)));
    assertThat(read(got.wire().body())).isEqualTo(read(bytes(body, 2)));
    got.wire().close();
  }

  @Test
  void messages_areReadBack_alsoByAnotherProcess() {
    var file = folder.resolve("inbox");
    try (var spool = new FileSpool(file)) {
      write(spool, "model", 17, 1000);
      var broken = spool.begin("model", "c/1", 10, 10);
      broken.head(bytes(10, 9));
      broken.abandon();
      write(spool, "größe", 0, 0);
      write(spool, "update", 5, 64);
      assertThat(spool.hasEnded()).isFalse();
      spool.ended("injected");
      assertThat(spool.hasEnded()).isTrue();
      assertThat(spool.reason()).isEqualTo("injected");
    }
    var all = FileSpool.read(file).stream().map(Spool.Arrival::open).toList();
    assertThat(all).extracting(Parcel::topic).containsExactly("model", "größe", "update");
    assertThat(all).extracting(Parcel::codec).containsOnly("c/1");
    assertThat(read(all.getFirst().wire().body())).isEqualTo(read(bytes(1000, 2)));
    all.forEach(parcel -> parcel.wire().close());
  }

  @Test
  void lastMessage_mayHaveNoBody() {
    var file = folder.resolve("inbox");
    try (var spool = new FileSpool(file)) {
      write(spool, "empty", 17, 0);
    }
    assertThat(FileSpool.read(file).stream().map(Spool.Arrival::open))
        .singleElement()
        .satisfies(parcel -> {
          assertThat(parcel.topic()).isEqualTo("empty");
          assertThat(read(parcel.wire().head())).isEqualTo(read(bytes(17, 1)));
          parcel.wire().close();
        });
  }

  @Test
  void fullDisk_isTold_andLeavesNothingBehind() throws IOException {
    var file = Files.createSymbolicLink(folder.resolve("inbox"), Path.of("/dev/full"));
    var told = new ArrayList<AnabranchException>();
    try (var spool = new FileSpool(file, told::add)) {
      assertThatThrownBy(() -> spool.begin("model", "c/1", 10, 10))
          .hasMessage(
              "spool: "
                  + file
                  + ": No space left on device (expected: room and the right to write); make room,"
                  + " then resume the run");
    }
    Files.delete(file);
    assertThat(told)
        .singleElement()
        .extracting(AnabranchException::failure)
        .isEqualTo(Failure.STORAGE);
    var closed = new FileSpool(folder.resolve("other"), told::add);
    closed.close();
    assertThatThrownBy(() -> closed.begin("model", "c/1", 10, 10))
        .isInstanceOf(AnabranchException.class);
    assertThat(told).hasSize(1);
  }

  @Test
  void damagedFile_isRefused_whateverItsLengthsSay() throws IOException {
    var file = folder.resolve("inbox");
    try (var spool = new FileSpool(file)) {
      write(spool, "model", 17, 1000);
    }
    for (long length : new long[] {Long.MAX_VALUE, -1, 1L << 40}) {
      try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.write(
            ByteBuffer.allocate(8).order(java.nio.ByteOrder.LITTLE_ENDIAN).putLong(length).flip(),
            16);
      }
      assertThatThrownBy(() -> FileSpool.read(file))
          .isInstanceOfSatisfying(
              AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.CORRUPT))
          .hasMessage(
              "spool "
                  + file
                  + ": no message at byte 0 (expected: whole messages; delete the run's spool"
                  + " folder, then resume the run)");
    }
  }
}
