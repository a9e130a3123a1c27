package dev.anabranch.app.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Adds up one run log, line by line. Used once, by one thread. */
final class RunLogReader {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          // A diverged run has a loss that is no number, and its report is the one that matters.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path file;
  private int line;

  private RunRecord.@Nullable Start start;
  private RunRecord.@Nullable End end;
  private final TreeMap<Integer, List<Long>> partition = new TreeMap<>();
  private final TreeMap<Integer, Tally> rounds = new TreeMap<>();
  private final List<RunRecord.Visit> visits = new ArrayList<>();
  private final List<RunRecord.Lost> lost = new ArrayList<>();
  private final TreeMap<String, Long> byTopic = new TreeMap<>();
  private final Map<Party, Long> macs = new HashMap<>();
  private final Map<Party.Role, Long> peaks = new HashMap<>();
  private long setup;
  private long down;
  private long up;
  private long framing;
  private long backbone;
  private long visitsPeaked;
  private double peakSum;

  /** What is known of a round so far. */
  private static final class Tally {
    int cohort;
    double virtualSeconds = Double.NaN;
    long payload;
    long deviceMacs;
    final SortedMap<String, Double> metrics = new TreeMap<>();
  }

  RunLogReader(Path file) {
    this.file = file;
  }

  RunRecord read(Path folder, @Nullable RunSummary summary, String plan) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int from = 0;
    while (from < bytes.length) {
      int until = from;
      while (until < bytes.length && bytes[until] != '\n') {
        until++;
      }
      line++;
      boolean complete = until < bytes.length;
      line(ByteBuffer.wrap(bytes, from, until - from), complete);
      from = until + 1;
    }
    if (start == null) {
      throw damaged("no line of kind run (expected: it comes first)", null);
    }
    return new RunRecord(
        folder, start, partition, roundList(), visits, lost, costs(), end, summary, plan);
  }

  private void line(ByteBuffer bytes, boolean complete) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
      if (!text.isBlank()) {
        event(JSON.readTree(text));
      }
    } catch (CharacterCodingException | JsonProcessingException e) {
      // A line without its end is still being written, or was when the run was killed.
      if (complete) {
        String why =
            e instanceof JsonProcessingException json ? json.getOriginalMessage() : "not UTF-8";
        throw damaged(why, e);
      }
    } catch (IllegalArgumentException e) {
      throw damaged(String.valueOf(e.getMessage()), e);
    }
  }

  private void event(JsonNode event) {
    String kind = text(event, "kind");
    if (start == null && !kind.equals("run")) {
      throw new IllegalArgumentException("kind: " + kind + " (expected: run in the first line)");
    }
    switch (kind) {
      case "run" -> run(event);
      case "partition" -> partition.put(index(event, "device"), counts(event, "labels"));
      case "round" -> round(event);
      case "install" -> setup = Math.addExact(setup, amount(event, "bytes"));
      case "wire" -> wire(event);
      case "compute" -> compute(event);
      case "peak" -> peak(event);
      case "visit" -> visits.add(visit(event));
      case "lost" ->
          lost.add(
              new RunRecord.Lost(round(event, -1), index(event, "device"), text(event, "reason")));
      case "metric" -> tally(event).metrics.put(text(event, "name"), number(event, "value"));
      case "end" -> end = new RunRecord.End(time(event, "Seconds"));
      default -> {
        // Checkpoints, and kinds of later versions, say nothing that is drawn.
      }
    }
  }

  private void run(JsonNode event) {
    if (start != null) {
      throw new IllegalArgumentException("kind: run (expected: once, in the first line)");
    }
    List<String> classes = new ArrayList<>();
    event.path("classes").forEach(name -> classes.add(name.asText()));
    start =
        new RunRecord.Start(
            text(event, "name"),
            event.path("label").asText(text(event, "method")),
            text(event, "method"),
            integer(event, "seed"),
            index(event, "rounds"),
            index(event, "devices"),
            index(event, "cohort"),
            List.copyOf(classes));
  }

  private void round(JsonNode event) {
    Tally tally = tally(event);
    JsonNode cohort = event.path("cohort");
    if (!cohort.isArray()) {
      throw wrong("cohort", cohort, "a list of devices");
    }
    tally.cohort = cohort.size();
    tally.virtualSeconds = time(event, "Seconds");
  }

  private void wire(JsonNode event) {
    Party from = Party.parse(text(event, "from"));
    Party to = Party.parse(text(event, "to"));
    String topic = text(event, "topic");
    long payload = amount(event, "payload");
    if (!from.isDevice() && !to.isDevice()) {
      backbone = Math.addExact(backbone, payload);
      return;
    }
    framing = Math.addExact(framing, amount(event, "framing"));
    // Between two devices the bytes leave one and reach the other: one line, charged once, upwards.
    if (from.isDevice()) {
      up = Math.addExact(up, payload);
    } else {
      down = Math.addExact(down, payload);
    }
    byTopic.merge(topic, payload, Math::addExact);
    tally(event).payload += payload;
  }

  private void compute(JsonNode event) {
    Party party = Party.parse(text(event, "node"));
    long amount = amount(event, "macs");
    macs.merge(party, amount, Math::addExact);
    if (party.isDevice()) {
      Tally tally = tally(event);
      tally.deviceMacs = Math.addExact(tally.deviceMacs, amount);
    }
  }

  private void peak(JsonNode event) {
    Party.Role role = Party.parse(text(event, "node")).role();
    long amount = amount(event, "bytes");
    peaks.merge(role, amount, Math::max);
    if (role == Party.Role.DEVICE) {
      visitsPeaked++;
      peakSum += amount;
    }
  }

  private RunRecord.Visit visit(JsonNode event) {
    return new RunRecord.Visit(
        round(event, 0),
        index(event, "device"),
        time(event, "Start"),
        time(event, "End"),
        number(event, "computeSeconds"),
        number(event, "transferSeconds"),
        number(event, "waitSeconds"));
  }

  private Tally tally(JsonNode event) {
    return rounds.computeIfAbsent(round(event, -1), round -> new Tally());
  }

  private List<RunRecord.Round> roundList() {
    List<RunRecord.Round> list = new ArrayList<>();
    rounds.forEach((round, tally) ->
        list.add(
            new RunRecord.Round(
                round,
                tally.cohort,
                tally.virtualSeconds,
                tally.metrics,
                tally.payload,
                tally.deviceMacs)));
    return list;
  }

  private Costs costs() {
    long all = 0;
    long busiest = 0;
    long body = 0;
    long coordinator = 0;
    for (var entry : macs.entrySet()) {
      long value = entry.getValue();
      switch (entry.getKey().role()) {
        case DEVICE -> {
          all = Math.addExact(all, value);
          busiest = Math.max(busiest, value);
        }
        case BODY -> body = Math.addExact(body, value);
        case COORDINATOR -> coordinator = Math.addExact(coordinator, value);
      }
    }
    return new Costs(
        setup,
        down,
        up,
        framing,
        backbone,
        byTopic,
        busiest,
        all,
        body,
        coordinator,
        peaks.getOrDefault(Party.Role.DEVICE, 0L),
        peaks.getOrDefault(Party.Role.BODY, 0L),
        peaks.getOrDefault(Party.Role.COORDINATOR, 0L),
        visitsPeaked == 0 ? 0 : peakSum / visitsPeaked);
  }

  private static int round(JsonNode event, int least) {
    long round = integer(event, "round");
    if (round < least || round > 1_000_000) {
      throw wrong("round", event.path("round"), "a round from " + least);
    }
    return (int) round;
  }

  private static String text(JsonNode event, String name) {
    JsonNode value = event.path(name);
    if (!value.isTextual()) {
      throw wrong(name, value, "a text");
    }
    return value.textValue();
  }

  private static long integer(JsonNode event, String name) {
    JsonNode value = event.path(name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw wrong(name, value, "a whole number");
    }
    return value.longValue();
  }

  private static long amount(JsonNode event, String name) {
    long value = integer(event, name);
    if (value < 0) {
      throw wrong(name, event.path(name), "a whole number from 0");
    }
    return value;
  }

  private static int index(JsonNode event, String name) {
    long value = amount(event, name);
    if (value > 100_000_000) {
      throw wrong(name, event.path(name), "at most 100000000");
    }
    return (int) value;
  }

  private static double number(JsonNode event, String name) {
    JsonNode value = event.path(name);
    if (value.isNumber()) {
      return value.doubleValue();
    }
    return switch (value.isTextual() ? value.textValue() : "") {
      case "NaN", "Infinity", "-Infinity" -> Double.NaN;
      default -> throw wrong(name, value, "a number");
    };
  }

  /** By the virtual clock or, where real machines ran, by the wall. */
  private static double time(JsonNode event, String what) {
    return number(event, event.has("virtual" + what) ? "virtual" + what : "wall" + what);
  }

  private static List<Long> counts(JsonNode event, String name) {
    JsonNode value = event.path(name);
    if (!value.isArray()) {
      throw wrong(name, value, "a list of counts");
    }
    List<Long> counts = new ArrayList<>();
    for (JsonNode count : value) {
      if (!count.isIntegralNumber() || count.longValue() < 0) {
        throw wrong(name, value, "a list of counts");
      }
      counts.add(count.longValue());
    }
    return List.copyOf(counts);
  }

  private static IllegalArgumentException wrong(String name, JsonNode value, String expected) {
    String shown = value.isMissingNode() ? "missing" : value.toString();
    return new IllegalArgumentException(name + ": " + shown + " (expected: " + expected + ")");
  }

  private AnabranchException damaged(String why, @Nullable Throwable cause) {
    return new AnabranchException(
        Failure.CORRUPT,
        file + ", line " + line + ": " + why + "; resume the run, or run it again",
        cause);
  }
}
