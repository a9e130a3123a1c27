package dev.anabranch.app.report;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a run's folder says about it: {@code log.jsonl}, and {@code summary.json} and {@code
 * plan.yaml} where they exist.
 *
 * @param partition examples of each class, by device
 * @param rounds in order; −1 is what happened before the first
 * @param end null while the run is unfinished
 * @param plan the text of {@code plan.yaml}, empty without one
 */
public record RunRecord(
    Path folder,
    Start start,
    SortedMap<Integer, List<Long>> partition,
    List<Round> rounds,
    List<Visit> visits,
    List<Lost> lost,
    Costs costs,
    @Nullable End end,
    @Nullable RunSummary summary,
    String plan) {

  /**
   * The first line of a log.
   *
   * @param label how the run is called beside others
   */
  public record Start(
      String name,
      String label,
      String method,
      long seed,
      int rounds,
      int devices,
      int cohort,
      List<String> classes) {}

  /**
   * One round.
   *
   * @param cohort how many devices were invited
   * @param virtualSeconds when it began
   * @param payload bytes on the devices' links
   * @param deviceMacs of all devices together
   */
  public record Round(
      int round,
      int cohort,
      double virtualSeconds,
      SortedMap<String, Double> metrics,
      long payload,
      long deviceMacs) {
    /** NaN where it was not measured. */
    public double metric(String name) {
      return metrics.getOrDefault(name, Double.NaN);
    }
  }

  /** One device's part in a round, in seconds of the virtual clock. */
  public record Visit(
      int round,
      int device,
      double start,
      double end,
      double compute,
      double transfer,
      double waiting) {}

  /** A visit that gave no sound reply. */
  public record Lost(int round, int device, String reason) {}

  /** The last line of a log. */
  public record End(double virtualSeconds) {}

  /**
   * Reads a run's folder. Fails with {@link Failure#STORAGE} if there is no log in it, and with
   * {@link Failure#CORRUPT} naming file and line if one cannot be understood.
   */
  public static RunRecord read(Path folder) {
    Path log = folder.resolve("log.jsonl");
    if (!Files.isRegularFile(log)) {
      throw new AnabranchException(
          Failure.STORAGE,
          "run: "
              + folder
              + " (expected: a folder with a log.jsonl); give the folder that a run has left");
    }
    Path plan = folder.resolve("plan.yaml");
    try {
      String text = Files.exists(plan) ? Files.readString(plan, StandardCharsets.UTF_8) : "";
      return new RunLogReader(log).read(folder, RunSummary.read(folder), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean finished() {
    return end != null || summary != null;
  }

  /** What the run is called in tables: the label it was given, else its method. */
  public String label() {
    return summary == null ? start.label() : summary.label();
  }

  String folderName() {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return name == null ? folder.toString() : name.toString();
  }

  /** Rounds that were begun. */
  int roundsDone() {
    return rounds.isEmpty() ? 0 : rounds.getLast().round() + 1;
  }

  /** Share of the hold-out that is classified right at the end; NaN if it was never measured. */
  public double accuracy() {
    return summary == null ? last("accuracy") : or(summary.accuracy(), "accuracy");
  }

  /** Mean cross-entropy on the hold-out at the end, in nats; NaN if it was never measured. */
  public double loss() {
    return summary == null ? last("loss") : or(summary.loss(), "loss");
  }

  /** Of the accuracy, by the size of the hold-out; NaN if it was never measured. */
  public double standardError() {
    return summary == null ? last("standardError") : or(summary.standardError(), "standardError");
  }

  /** By the virtual clock: its end, or what is known of it so far. */
  public double virtualSeconds() {
    if (end != null) {
      return end.virtualSeconds();
    }
    if (summary != null && !Double.isNaN(summary.virtualSeconds())) {
      return summary.virtualSeconds();
    }
    return visits.stream().mapToDouble(Visit::end).max().orElse(0);
  }

  /** The mean of a figure over runs; NaN without runs. */
  static double mean(List<RunRecord> runs, ToDoubleFunction<RunRecord> figure) {
    return runs.stream().mapToDouble(figure).average().orElse(Double.NaN);
  }

  private double or(double value, String metric) {
    return Double.isNaN(value) ? last(metric) : value;
  }

  private double last(String metric) {
    for (Round round : rounds.reversed()) {
      if (round.metrics().containsKey(metric)) {
        return round.metric(metric);
      }
    }
    return Double.NaN;
  }
}
