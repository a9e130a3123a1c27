package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.MessageLite;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireException;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.grpc.internal.proto.BeginVisit;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Flow;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.Sealed;
import dev.anabranch.fabrics.grpc.internal.proto.Visit;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages of the right form that say what cannot be. */
class DefectsTest {
  @TempDir private Path folder;

  private static Report ended(Ended.Builder ended) {
    return Report.newBuilder().setEnded(ended).build();
  }

  private static String defect(Ended.Builder ended) {
    return Defects.of(ended(ended)).orElse("none");
  }

  @Test
  void numbersThatStandForNothing_areNamed() {
    assertThat(defect(Ended.newBuilder().setPeakBytes(-1)))
        .isEqualTo("ended.peak_bytes: 18446744073709551615 (expected: at most 2^60)");
    assertThat(defect(Ended.newBuilder().setComputeSeconds(Double.NaN)))
        .isEqualTo("ended.compute_seconds: NaN (expected: seconds, at least 0)");
    assertThat(defect(Ended.newBuilder().setOutcomeValue(9)))
        .isEqualTo("ended.outcome: 9 (expected: 0 to 3)");
    assertThat(defect(Ended.newBuilder().setVisit(Visit.newBuilder().setRound(-1))))
        .isEqualTo("visit.round: 4294967295 (expected: below 2^31)");
    assertThat(
            Defects.of(Order.newBuilder().setBegin(BeginVisit.newBuilder().addCohort(-2)).build()))
        .contains("begin.cohort: 4294967294 (expected: below 2^31)");
    assertThat(
            Defects.of(
                Sealed.newBuilder().addFlows(Flow.newBuilder().setFrom("device -1")).build()))
        .contains("flow.from: 'device -1' (expected: such as 'device 7')");
    assertThat(defect(Ended.newBuilder().setPeakBytes(1L << 40))).isEqualTo("none");
  }

  private static Parcel parcel(byte[] bytes) {
    var none = MemorySegment.ofArray(new byte[0]);
    return new Parcel(
        Standing.REPORT, "protobuf", new Wire(none, MemorySegment.ofArray(bytes), () -> {}));
  }

  @Test
  void reportWithADefect_isRefused_asOneThatIsNone() {
    MessageLite bad = ended(Ended.newBuilder().setWaitingSeconds(-1));
    assertThatThrownBy(() -> Standing.report(parcel(bad.toByteArray())))
        .isInstanceOf(WireException.class)
        .hasMessage("ended.waiting_seconds: -1.0 (expected: seconds, at least 0)");
    assertThatThrownBy(() -> Standing.report(parcel(new byte[] {7})))
        .isInstanceOf(WireException.class)
        .hasMessageStartingWith("report: ")
        .hasMessageEndingWith(" (expected: one of protobuf)");
  }

  @Test
  void standingStream_takesNoLargeMessages() {
    assertThat(Standing.limits(Limits.DEFAULT).body()).isEqualTo(4 << 20);
    assertThat(Standing.limits(Limits.DEFAULT.withBody(1000)).body()).isEqualTo(1000);
  }

  @Test
  void sealThatIsDamaged_isRefused_withWhatToDo() throws IOException {
    var visit = new VisitFolder(folder, 0, 2);
    var device = folder.resolve("round-000000").resolve("device-000002");
    var file = device.resolve("sealed");
    Files.createDirectories(device.resolve("attempt-of-somebody"));
    Files.createDirectories(device.resolve("attempt-4"));
    Files.write(file, Sealed.newBuilder().setBegan(-1).build().toByteArray());
    assertThat(visit.nextAttempt()).isEqualTo(5);
    assertThatThrownBy(visit::sealed)
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.CORRUPT))
        .hasMessage(
            "spool "
                + file
                + ": began: -1.0 (expected: seconds, at least 0); delete the run's spool folder,"
                + " then resume the run");
  }
}
