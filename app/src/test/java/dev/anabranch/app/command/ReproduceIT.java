package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A paper end to end: real model, data in a folder of its own, claims, JSON, report. */
class ReproduceIT {
  @TempDir Path folder;

  @Test
  void aPaperIsReproduced() throws IOException {
    var paper = Files.createDirectories(folder.resolve("papers/lunch"));
    var data = Files.createDirectories(folder.resolve("data/mails"));
    var csv = new StringBuilder("text,label\n");
    for (int i = 0; i < 40; i++) {
      csv.append(i % 2 == 0 ? "win a prize " : "lunch at ")
          .append(i)
          .append(i % 2 == 0 ? ",spam\n" : ",ham\n");
    }
    Files.writeString(data.resolve("texts.csv"), csv);
    Files.writeString(
        paper.resolve("plan.yaml"),
        """
        name: lunch
        task: { maxTokens: 16 }
        data:
          source: { file: { path: datasets/mails/texts.csv } }
          holdout: 0.2
          partition: { iid: { devices: 2 } }
        method:
          fedavg: { rounds: 2, cohort: 2, examples: 8, batch: 8, parameterisation: everything }
        """);
    Files.writeString(
        paper.resolve("claims.yaml"),
        """
        paper: "Lunch"
        plans:
          full: plan.yaml
          bias: { file: plan.yaml, set: [method.parameterisation=bias] }
        quick:
          full: plan.yaml
          bias: { file: plan.yaml, set: [method.parameterisation=bias] }
        claims:
          - claim: a hundred times less
            source: figure 1
            against: full fine-tuning
            measure: { ratio: { figure: bytes, of: full, from: bias } }
            pass: { least: 100 }
          - claim: faster
            source: figure 2
            against: full fine-tuning
            measure: { time-to-target: { of: bias, from: [full] } }
            pass: { above: 1 }
        """);
    var ended =
        Ended.installed(
            "",
            "reproduce",
            "lunch",
            "--quick",
            "--json",
            "--papers",
            folder.resolve("papers"),
            "--data",
            folder.resolve("data"),
            "--output",
            folder.resolve("out"));
    assertThat(ended.code()).as(ended.err()).isZero();
    var json = ended.json();
    assertThat(json.path("runs")).hasSize(2);
    assertThat(json.at("/runs/0/label").asText()).isEqualTo("full");
    assertThat(json.at("/claims/0/verdict").asText()).isEqualTo("pass");
    assertThat(json.at("/claims/0/value").asDouble())
        .isEqualTo(
            json.at("/runs/0/bytes/total").asDouble() / json.at("/runs/1/bytes/total").asDouble());
    assertThat(json.path("claims")).hasSize(2);
    assertThat(Files.readString(folder.resolve("out/report.html")))
        .contains("<th scope=\"row\">a hundred times less<small>figure 1</small></th>");
    assertThat(Ended.JSON.readTree(folder.resolve("out/claims.json").toFile()))
        .isEqualTo(
            Ended.JSON.readTree("{\"paper\":\"Lunch\",\"claims\":" + json.path("claims") + "}"));
  }
}
