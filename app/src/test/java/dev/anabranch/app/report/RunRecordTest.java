package dev.anabranch.app.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.app.report.SampleRuns.Way;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunRecordTest {
  private static final String RUN =
      "{\"kind\":\"run\",\"round\":-1,\"name\":\"n\",\"method\":\"fedavg\",\"seed\":1,\"rounds\":2,"
          + "\"devices\":3,\"cohort\":1,\"classes\":[\"a\",\"b\"],\"profiles\":[]}\n";

  @TempDir Path folder;

  @Test
  void unfinishedRun_isCalledByItsLabel_orItsMethod() throws IOException {
    log(RUN);
    assertThat(RunRecord.read(folder).label()).isEqualTo("fedavg");
    log(RUN.replace("\"method\"", "\"label\":\"fedavg{batch: 4}\",\"method\""));
    assertThat(RunRecord.read(folder).label()).isEqualTo("fedavg{batch: 4}");
  }

  @Test
  void lines_addUpByDirectionTopicAndParty() throws IOException {
    log(
        RUN
            + wire("coordinator", "device 0", "model", 100)
            + wire("device 0", "coordinator", "update", 40)
            + wire("body 0", "device 1", "activation", 7)
            + wire("coordinator", "body 0", "sync", 1000)
            + compute("device 0", 5)
            + compute("device 0", 6)
            + compute("device 1", 9)
            + compute("body 0", 50)
            + "{\"kind\":\"peak\",\"round\":0,\"node\":\"device 0\",\"bytes\":30}\n"
            + "{\"kind\":\"peak\",\"round\":0,\"node\":\"device 1\",\"bytes\":20}\n"
            + "{\"kind\":\"install\",\"round\":0,\"node\":\"device 1\",\"bytes\":11}\n");

    Costs costs = RunRecord.read(folder).costs();

    assertThat(costs.down()).isEqualTo(107);
    assertThat(costs.up()).isEqualTo(40);
    assertThat(costs.total()).isEqualTo(147);
    assertThat(costs.withSetup()).isEqualTo(158);
    assertThat(costs.backbone()).isEqualTo(1000);
    assertThat(costs.framing()).isEqualTo(3);
    assertThat(costs.byTopic())
        .containsOnlyKeys("model", "update", "activation")
        .containsEntry("update", 40L);
    assertThat(costs.busiestMacs()).isEqualTo(11);
    assertThat(costs.allDevicesMacs()).isEqualTo(20);
    assertThat(costs.bodyMacs()).isEqualTo(50);
    assertThat(costs.devicePeak()).isEqualTo(30);
  }

  @Test
  void sample_isReadWhole() throws IOException {
    RunRecord run = RunRecord.read(SampleRuns.write(folder, SampleRuns.shape("x", Way.SPLIT)));

    assertThat(run.finished()).isTrue();
    assertThat(run.label()).isEqualTo("x");
    assertThat(run.roundsDone()).isEqualTo(12);
    assertThat(run.partition()).hasSize(50);
    assertThat(run.visits()).hasSize(12 * 8);
    assertThat(run.rounds().stream().mapToLong(RunRecord.Round::payload).sum())
        .isEqualTo(run.costs().total());
    assertThat(run.accuracy()).isCloseTo(0.93, within(0.02));
    assertThat(run.plan()).startsWith("name: spam");
  }

  @Test
  void unfinishedRun_hasTheLastMeasuredAccuracy() throws IOException {
    log(RUN + metric("accuracy", "0.5") + metric("accuracy", "0.75"));

    RunRecord run = RunRecord.read(folder);

    assertThat(run.finished()).isFalse();
    assertThat(run.label()).isEqualTo("fedavg");
    assertThat(run.accuracy()).isEqualTo(0.75);
    assertThat(run.standardError()).isNaN();
  }

  @Test
  void lastLineWithoutItsEnd_isStillBeingWritten() throws IOException {
    log(RUN + metric("accuracy", "0.5") + "{\"kind\":\"metric\",\"rou");

    assertThat(RunRecord.read(folder).accuracy()).isEqualTo(0.5);
  }

  @Test
  void divergedLoss_isNoNumber() throws IOException {
    log(RUN + metric("loss", "NaN") + metric("loss", "\"NaN\""));

    assertThat(RunRecord.read(folder).loss()).isNaN();
  }

  @Test
  void unknownKind_isPassedOver() throws IOException {
    log(RUN + "{\"kind\":\"weather\",\"round\":0}\n");

    assertThat(RunRecord.read(folder).rounds()).isEmpty();
  }

  @Test
  void damagedLine_isNamed() throws IOException {
    log(RUN + "{\"kind\":\"wire\",\n" + metric("accuracy", "0.5"));
    refused("line 2: ", "; resume the run, or run it again");
  }

  @Test
  void wrongField_isNamedWithWhatWasExpected() throws IOException {
    log(RUN + wire("coordinator", "device 0", "model", -1));
    refused("line 2: payload: -1 (expected: a whole number from 0)");

    log(RUN + "\n" + metric("accuracy", "\"high\""));
    refused("line 3: value: \"high\" (expected: a number)");

    log(RUN + wire("server", "device 0", "model", 1));
    refused("line 2: node: server (expected: coordinator, body N or device N)");

    log(RUN + "{\"kind\":\"lost\",\"round\":0,\"device\":1}\n");
    refused("line 2: reason: missing (expected: a text)");

    log(RUN + RUN);
    refused("line 2: kind: run (expected: once, in the first line)");
  }

  @Test
  void logMustBeginWithItsRun() throws IOException {
    log(metric("accuracy", "0.5"));
    refused("line 1: kind: metric (expected: run in the first line)");

    log("");
    refused("no line of kind run (expected: it comes first)");
  }

  @Test
  void damagedSummary_isNamed() throws IOException {
    log(RUN);
    Files.writeString(folder.resolve("summary.json"), "{\"label\":");
    refused("summary.json", "delete it to report the run from its log alone");
  }

  @Test
  void folderWithoutALog_isRefused() {
    assertThatExceptionOfType(AnabranchException.class)
        .isThrownBy(() -> RunRecord.read(folder))
        .withMessage(
            "run: "
                + folder
                + " (expected: a folder with a log.jsonl); give the folder that a run has left")
        .matches(e -> e.failure() == Failure.STORAGE);
  }

  @Test
  void anyCutOfALog_isReadOrRefused() throws IOException {
    SampleRuns.write(folder, new SampleRuns.Shape("x", Way.FULL, 1, 2, 1, 3, 1, 2, false));
    byte[] whole = Files.readAllBytes(folder.resolve("log.jsonl"));
    int first = new String(whole, java.nio.charset.StandardCharsets.UTF_8).indexOf('\n') + 1;
    for (int length = first; length < whole.length; length += 41) {
      Files.write(folder.resolve("log.jsonl"), java.util.Arrays.copyOf(whole, length));
      assertThat(RunRecord.read(folder).start().name()).isEqualTo("spam-across-mailboxes");
    }
  }

  private void refused(String... parts) {
    assertThatExceptionOfType(AnabranchException.class)
        .isThrownBy(() -> RunRecord.read(folder))
        .matches(e -> e.failure() == Failure.CORRUPT)
        .satisfies(e -> assertThat(e.getMessage()).contains(List.of(parts)));
  }

  private void log(String text) throws IOException {
    Files.writeString(folder.resolve("log.jsonl"), text);
  }

  private static String wire(String from, String to, String topic, long payload) {
    return "{\"kind\":\"wire\",\"round\":0,\"from\":\""
        + from
        + "\",\"to\":\""
        + to
        + "\",\"topic\":\""
        + topic
        + "\",\"messages\":1,\"payload\":"
        + payload
        + ",\"framing\":1}\n";
  }

  private static String compute(String node, long macs) {
    return "{\"kind\":\"compute\",\"round\":0,\"node\":\""
        + node
        + "\",\"work\":\"w\",\"macs\":"
        + macs
        + ",\"seconds\":0.1}\n";
  }

  private static String metric(String name, String value) {
    return "{\"kind\":\"metric\",\"round\":0,\"name\":\"" + name + "\",\"value\":" + value + "}\n";
  }
}
