package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class LogWordsTest {
  private static final String BEGUN =
      """
      {"kind":"run","round":-1,"name":"wards","label":"fedavg","method":"fedavg","seed":42,"rounds":3,"devices":2}
      {"kind":"partition","round":-1,"device":0,"labels":[28,26]}
      {"kind":"assign","round":-1,"device":0,"agent":"ward-1","wallSeconds":0.0381223}
      {"kind":"assign","round":-1,"device":1,"agent":"ward-2","wallSeconds":0.0383}
      {"kind":"round","round":0,"cohort":[0,1],"wallSeconds":1.671006274}
      {"kind":"attempt","round":0,"device":0,"attempt":1,"state":"invited","wallSeconds":5.24}
      {"kind":"attempt","round":0,"device":1,"attempt":1,"state":"invited","wallSeconds":7.01}
      {"kind":"attempt","round":0,"device":1,"attempt":1,"state":"broken","reason":"ward-2: the line is cut","wallSeconds":9.0}
      {"kind":"attempt","round":0,"device":1,"attempt":2,"state":"invited","wallSeconds":75.2}
      {"kind":"attempt","round":0,"device":0,"attempt":1,"state":"whole","wallSeconds":76.0}
      {"kind":"install","round":0,"node":"device 0","bytes":68967936}
      {"kind":"wire","round":0,"from":"coordinator","to":"device 0","topic":"global","messages":1,"payload":150536,"framing":2046}
      {"kind":"wire","round":0,"from":"device 0","to":"coordinator","topic":"update","messages":1,"payload":150536,"framing":2078}
      {"kind":"wire","round":0,"from":"body 0","to":"coordinator","topic":"update","messages":1,"payload":99999999,"framing":2}
      {"kind":"compute","round":0,"node":"device 0","work":"local training","macs":8769183744,"seconds":7.8}
      {"kind":"visit","round":0,"device":0,"wallStart":2.09,"wallEnd":83.44,"computeSeconds":7.8,"transferSeconds":0.04,"waitSeconds":0.05}
      {"kind":"lost","round":0,"device":1,"reason":"no sign within 60 s"}
      {"kind":"metric","round":0,"name":"accuracy","value":0.5}
      {"kind":"metric","round":0,"name":"loss","value":0.7144465211161489}
      {"kind":"checkpoint","round":0,"nextRound":1}
      """;

  private final LogWords words = new LogWords();

  private String told(String log) {
    var out = new StringBuilder();
    log.lines().map(words::take).flatMap(Optional::stream).forEach(l -> out.append(l).append('\n'));
    return out.toString();
  }

  @Test
  void roundIsToldByWhatBefellEachDeviceAndSummedUp() {
    assertThat(told(BEGUN))
        .isEqualTo(
            """
                   0.0 s  wards: fedavg, 3 rounds, 2 devices, seed 42
                   0.0 s  ward-1 plays device 0
                   0.0 s  ward-2 plays device 1
                   1.7 s  [ROUND 1/3] begins with 2 of 2 devices: 0, 1
                   5.2 s  [ROUND 1/3] device 0 (ward-1): invited
                   7.0 s  [ROUND 1/3] device 1 (ward-2): invited
                   9.0 s  [ROUND 1/3] device 1 (ward-2): attempt 1 broke: ward-2: the line is cut
              1 min 15 s  [ROUND 1/3] device 1 (ward-2): invited again, attempt 2
              1 min 16 s  [ROUND 1/3] device 0 (ward-1): done
              1 min 23 s  [ROUND 1/3] device 1 (ward-2): visit lost: no sign within 60 s
              1 min 23 s  [ROUND 1/3] done: accuracy 0.5000, 301.1 kB, loss 0.7144, 1 visit lost
            """);
    assertThat(words.lines()).isEqualTo(BEGUN.lines().count());
  }

  @Test
  void runThatGoesBackCountsWhatItsCheckpointHadAlone() {
    told(BEGUN);
    var wire =
        "{\"kind\":\"wire\",\"round\":1,\"from\":\"device 0\",\"to\":\"device 1\",\"topic\":\"t\","
            + "\"payload\":698928}\n";
    var log =
        "{\"kind\":\"round\",\"round\":1,\"cohort\":[0],\"wallSeconds\":90}\n"
            + wire
            + "{\"kind\":\"cut\",\"round\":-1,\"lines\":20}\n"
            + "{\"kind\":\"resumed\",\"round\":1,\"reason\":\"started again\",\"wallSeconds\":95}\n"
            + wire
            + "{\"kind\":\"checkpoint\",\"round\":1,\"nextRound\":2}\n"
            + "{\"kind\":\"end\",\"round\":1,\"state\":\"ended\",\"lost\":1,\"wallSeconds\":100}\n";
    assertThat(told(log))
        .isEqualTo(
            """
              1 min 30 s  [ROUND 2/3] begins with 1 of 2 devices: 0
              1 min 30 s  the run goes back to its last checkpoint; lines from 20 on are void
              1 min 35 s  [ROUND 2/3] started again
              1 min 35 s  [ROUND 2/3] done: accuracy -, 1.0 MB
              1 min 40 s  ended, 1 visit lost
            """);
    assertThat(words.lines()).isEqualTo(24);
  }

  @Test
  void endSaysWhy() {
    assertThat(
            told(
                """
                {"kind":"end","round":5,"state":"stopped","reason":"stopped by operator admin","wallSeconds":19.3}
                {"kind":"end","round":5,"state":"failed","reason":"quorum: 0","wallSeconds":7200}
                """))
        .isEqualTo(
            """
                  19.3 s  stopped by operator admin
               2 h 0 min  failed: quorum: 0
            """);
  }

  @Test
  void whatOthersHaveWrittenDoesNotSteerTheTerminal() {
    assertThat(
            told(
                "{\"kind\":\"lost\",\"round\":0,\"device\":1,\"reason\":\"\\u001b[2Jgone\\nfine\"}\n"
                    + "\u001b]0;no log\n"
                    + "{\"kind\":\"later\",\"round\":0}\n"))
        .isEqualTo("       0.0 s  [ROUND 1] device 1: visit lost:  [2Jgone fine\n ]0;no log\n");
  }
}
