package dev.anabranch.app.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Runs side by side: those that differ by seed alone form one group.
 *
 * @param reference what shares are taken of; {@code groups} contains it
 * @param fullTuning whether the reference trains every weight
 */
record Comparison(List<Group> groups, Group reference, boolean fullTuning) {
  private static final YAMLMapper YAML = new YAMLMapper();

  /**
   * Runs of one label.
   *
   * @param finished whether all of its runs have ended
   */
  record Group(String label, List<RunRecord> runs, boolean finished) {
    double mean(ToDoubleFunction<RunRecord> figure) {
      return RunRecord.mean(runs, figure);
    }

    /** The standard deviation over seeds, with n − 1; 0 for one run. */
    double spread(ToDoubleFunction<RunRecord> figure) {
      if (runs.size() < 2) {
        return 0;
      }
      double mean = mean(figure);
      double sum = 0;
      for (RunRecord run : runs) {
        double off = figure.applyAsDouble(run) - mean;
        sum += off * off;
      }
      return Math.sqrt(sum / (runs.size() - 1));
    }

    /**
     * The standard error of the mean accuracy: that of the hold-out, which more seeds do not
     * shrink, and that of the mean over seeds, added in squares.
     */
    double uncertainty() {
      double holdOut = mean(RunRecord::standardError);
      double seeds = spread(RunRecord::accuracy);
      double squares = seeds * seeds / runs.size();
      return Math.sqrt((Double.isNaN(holdOut) ? 0 : holdOut * holdOut) + squares);
    }

    double accuracy() {
      return mean(RunRecord::accuracy);
    }

    int lost() {
      return runs.stream().mapToInt(run -> run.lost().size()).sum();
    }
  }

  /** Groups runs in the order in which their labels first appear. */
  static Comparison of(List<RunRecord> runs) {
    Map<String, List<RunRecord>> byLabel = new LinkedHashMap<>();
    for (RunRecord run : runs) {
      String label = run.label() + (run.finished() ? "" : " (unfinished)");
      byLabel.computeIfAbsent(label, key -> new ArrayList<>()).add(run);
    }
    List<Group> groups = new ArrayList<>();
    byLabel.forEach((label, members) -> addGroups(label, members, groups));
    // Shares of a run that is still going on would change with every round.
    List<Group> ended = groups.stream().filter(Group::finished).toList();
    List<Group> candidates = ended.isEmpty() ? groups : ended;
    for (Group group : candidates) {
      if (group.runs().getFirst().start().method().equals("fedavg")
          && trainsEverything(group.runs().getFirst().plan())) {
        return new Comparison(groups, group, true);
      }
    }
    return new Comparison(groups, candidates.getFirst(), false);
  }

  boolean isReference(Group group) {
    return group.equals(reference);
  }

  /** Two runs with one label and one seed are not repetitions: they stay apart, by folder. */
  private static void addGroups(String label, List<RunRecord> members, List<Group> into) {
    Set<Long> seeds = new HashSet<>();
    members.forEach(run -> seeds.add(run.start().seed()));
    boolean finished = members.getFirst().finished();
    if (seeds.size() == members.size()) {
      into.add(new Group(label, List.copyOf(members), finished));
      return;
    }
    for (RunRecord run : members) {
      into.add(new Group(label + " · " + run.folderName(), List.of(run), finished));
    }
  }

  /** Whether a difference of accuracies is more than two standard errors of the difference. */
  static boolean differs(Group one, Group other) {
    double error = Math.hypot(one.uncertainty(), other.uncertainty());
    return Math.abs(one.accuracy() - other.accuracy()) > 2 * error;
  }

  /** Whether a plan's method names the parameterisation {@code everything}, as value or key. */
  static boolean trainsEverything(String plan) {
    try {
      return names(YAML.readTree(plan).path("method"), "everything");
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  private static boolean names(JsonNode node, String word) {
    if (node.isTextual()) {
      return node.textValue().equals(word);
    }
    if (node.isObject() && node.has(word)) {
      return true;
    }
    for (JsonNode child : node) {
      if (names(child, word)) {
        return true;
      }
    }
    return false;
  }
}
