package dev.anabranch.app.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Folders such as runs leave, with numbers of a plausible size. */
final class SampleRuns {
  enum Way {
    FULL,
    LORA,
    SPLIT
  }

  /**
   * @param until rounds that are in the log; fewer than {@code rounds} is an unfinished run
   * @param losing whether some visits are lost
   */
  record Shape(
      String label,
      Way way,
      long seed,
      int rounds,
      int until,
      int devices,
      int cohort,
      int classes,
      boolean losing) {
    Shape seed(long other) {
      return new Shape(label, way, other, rounds, until, devices, cohort, classes, losing);
    }
  }

  static Shape shape(String label, Way way) {
    return new Shape(label, way, 42, 12, 12, 50, 8, 2, false);
  }

  private final StringBuilder log = new StringBuilder();
  private final Shape shape;
  private final SplittableRandom random;
  private final SplittableRandom cohorts;

  private SampleRuns(Shape shape) {
    this.shape = shape;
    this.cohorts = new SplittableRandom(shape.seed());
    this.random = new SplittableRandom(shape.seed() * 31 + shape.way().name().hashCode());
  }

  /** Writes a run's folder. */
  static Path write(Path folder, Shape shape) throws IOException {
    Files.createDirectories(folder);
    new SampleRuns(shape).write(folder);
    return folder;
  }

  private void write(Path folder) throws IOException {
    String method = shape.way() == Way.SPLIT ? "sfprompt" : "fedavg";
    line(
        "run",
        -1,
        "\"name\":\"spam-across-mailboxes\",\"method\":\"%s\",\"seed\":%d,\"rounds\":%d,"
            + "\"devices\":%d,\"cohort\":%d,\"classes\":%s,\"profiles\":[\"mid-range-phone\"]",
        method,
        shape.seed(),
        shape.rounds(),
        shape.devices(),
        shape.cohort(),
        classes());
    partition();
    double clock = 0;
    double accuracy = 0.5;
    long total = 0;
    for (int round = 0; round < shape.until(); round++) {
      List<Integer> cohort = new ArrayList<>();
      while (cohort.size() < shape.cohort()) {
        int device = cohorts.nextInt(shape.devices());
        if (!cohort.contains(device)) {
          cohort.add(device);
        }
      }
      cohort.sort(null);
      line("round", round, "\"cohort\":%s,\"virtualSeconds\":%.3f", cohort, clock);
      double longest = 0;
      for (int device : cohort) {
        if (shape.losing() && random.nextInt(9) == 0) {
          line("lost", round, "\"device\":%d,\"reason\":\"no heartbeat for 30 s\"", device);
          continue;
        }
        longest = Math.max(longest, visit(round, device, clock));
        total++;
      }
      clock += longest + 1;
      double best = shape.way() == Way.SPLIT ? 0.938 : shape.way() == Way.FULL ? 0.945 : 0.921;
      accuracy =
          best - (best - 0.55) * Math.exp(-0.45 * (round + 1)) + random.nextDouble(0.012) - 0.006;
      metric(round, "accuracy", accuracy);
      metric(round, "standardError", error(accuracy));
      metric(round, "loss", 1.6 * (1 - accuracy) + 0.05);
      line("checkpoint", round, "\"nextRound\":%d", round + 1);
    }
    if (shape.until() == shape.rounds()) {
      line("end", shape.rounds(), "\"virtualSeconds\":%.3f,\"wallSeconds\":61.5,\"lost\":0", clock);
      Files.writeString(
          folder.resolve("summary.json"),
          String.format(
              Locale.ROOT,
              "{\"run\":\"%s\",\"label\":%s,\"method\":\"%s\",\"seed\":%d,\"metrics\":"
                  + "{\"accuracy\":%.4f,\"loss\":%.4f,\"standardError\":%.5f,\"examples\":604},"
                  + "\"seconds\":{\"wall\":61.5,\"virtual\":%.3f},\"lost\":%d}",
              folder.getFileName(),
              quoted(shape.label()),
              method,
              shape.seed(),
              accuracy,
              1.6 * (1 - accuracy) + 0.05,
              error(accuracy),
              clock,
              total));
    }
    Files.writeString(folder.resolve("log.jsonl"), log.toString());
    Files.writeString(
        folder.resolve("plan.yaml"),
        "name: spam-across-mailboxes\nseed: "
            + shape.seed()
            + "\nmodel:\n  source: all-minilm-l6-v2\nmethod:\n  "
            + method
            + ": { rounds: "
            + shape.rounds()
            + ", cohort: "
            + shape.cohort()
            + ", parameterisation: "
            + (shape.way() == Way.FULL ? "everything" : "lora")
            + " }\n");
  }

  private double visit(int round, int device, double clock) {
    long model = shape.way() == Way.FULL ? 90_900_000L : 1_200_000L;
    double compute = 4 + random.nextDouble(9) + device % 5;
    double transfer = model / 2e6 + 1;
    double waiting = 0;
    String me = "device " + device;
    switch (shape.way()) {
      case FULL, LORA -> {
        wire(round, "coordinator", me, "model", model);
        wire(round, me, "coordinator", "update", model);
      }
      case SPLIT -> {
        wire(round, "coordinator", me, "prompt", 46_080);
        long activations = 1_400_000L + 20_000L * (device % 9);
        wire(round, me, "body 0", "activation", activations);
        wire(round, "body 0", me, "activation-gradient", activations);
        wire(round, me, "coordinator", "update", 61_440);
        wire(round, "coordinator", "body 0", "body-sync", 1000);
        waiting = 2 + random.nextDouble(4);
        compute /= 3;
        compute("body 0", round, 60_000_000_000L);
        peak("body 0", round, 310L << 20);
      }
    }
    boolean split = shape.way() == Way.SPLIT;
    compute(me, round, split ? 21_000_000_000L : 190_000_000_000L);
    compute("coordinator", round, 900_000_000L);
    peak(me, round, (split ? 148L : shape.way() == Way.LORA ? 240L : 512L) << 20);
    peak("coordinator", round, 180L << 20);
    if (round == 0) {
      line("install", round, "\"node\":\"%s\",\"bytes\":%d", me, split ? 47_000_000 : 90_900_000);
    }
    double span = compute + transfer + waiting;
    line(
        "visit",
        round,
        "\"device\":%d,\"virtualStart\":%.3f,\"virtualEnd\":%.3f,\"computeSeconds\":%.3f,"
            + "\"transferSeconds\":%.3f,\"waitSeconds\":%.3f",
        device,
        clock,
        clock + span,
        compute,
        transfer,
        waiting);
    return span;
  }

  private void partition() {
    for (int device = 0; device < shape.devices(); device++) {
      long[] counts = new long[shape.classes()];
      for (int i = 20 + random.nextInt(90); i > 0; i--) {
        boolean main = random.nextInt(10) < 7;
        counts[main ? device * 7 % shape.classes() : random.nextInt(shape.classes())]++;
      }
      line("partition", -1, "\"device\":%d,\"labels\":%s", device, Arrays.toString(counts));
    }
  }

  private String classes() {
    List<String> names = new ArrayList<>();
    for (int c = 0; c < shape.classes(); c++) {
      names.add(quoted(shape.classes() == 2 ? List.of("ham", "spam").get(c) : "topic " + c));
    }
    return names.toString();
  }

  private static double error(double accuracy) {
    return Math.sqrt(accuracy * (1 - accuracy) / 604);
  }

  private void wire(int round, String from, String to, String topic, long payload) {
    line(
        "wire",
        round,
        "\"from\":\"%s\",\"to\":\"%s\",\"topic\":\"%s\",\"messages\":1,\"payload\":%d,\"framing\":90",
        from,
        to,
        topic,
        payload);
  }

  private void compute(String node, int round, long macs) {
    line(
        "compute",
        round,
        "\"node\":\"%s\",\"work\":\"train\",\"macs\":%d,\"seconds\":0.4",
        node,
        macs);
  }

  private void peak(String node, int round, long bytes) {
    line("peak", round, "\"node\":\"%s\",\"bytes\":%d", node, bytes);
  }

  private void metric(int round, String name, double value) {
    line("metric", round, "\"name\":\"%s\",\"value\":%.6f", name, value);
  }

  private void line(String kind, int round, String fields, Object... values) {
    log.append("{\"kind\":\"").append(kind).append("\",\"round\":").append(round).append(',');
    new Formatter(log, Locale.ROOT).format(fields, values);
    log.append("}\n");
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
