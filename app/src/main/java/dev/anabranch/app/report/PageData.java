package dev.anabranch.app.report;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.anabranch.app.report.Comparison.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** The numbers behind the charts, as JSON. */
final class PageData {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int MOST_TOPICS = 9;

  private final Comparison comparison;

  PageData(Comparison comparison) {
    this.comparison = comparison;
  }

  ObjectNode build() {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode groups = root.putArray("groups");
    ArrayNode timelines = root.putArray("timelines");
    ArrayNode partitions = root.putArray("partitions");
    List<String> topics = topics();
    ArrayNode topicNames = root.putArray("topics");
    topics.forEach(topicNames::add);
    List<Object> seen = new ArrayList<>();
    for (Group group : comparison.groups()) {
      groups.add(group(group, topics));
      for (RunRecord run : group.runs()) {
        String name =
            group.label() + (group.runs().size() > 1 ? ", seed " + run.start().seed() : "");
        if (!run.visits().isEmpty() || !run.lost().isEmpty()) {
          timelines.add(timeline(name, run));
        }
        List<Object> key = List.of(run.start().classes(), run.partition());
        if (!run.partition().isEmpty() && !seen.contains(key)) {
          seen.add(key);
          partitions.add(partition("seed " + run.start().seed() + " (" + name + ")", run));
        }
      }
    }
    return root;
  }

  private ObjectNode group(Group group, List<String> topics) {
    ObjectNode node = JSON.createObjectNode();
    node.put("label", group.label());
    node.put("seeds", group.runs().size());
    ArrayNode curve = node.putArray("curve");
    for (ObjectNode point : curve(group.runs())) {
      curve.add(point);
    }
    ArrayNode runs = node.putArray("runs");
    if (group.runs().size() > 1) {
      group.runs().forEach(run -> curve(List.of(run)).forEach(runs.addArray()::add));
    }
    ArrayNode bytes = node.putArray("topicMegabytes");
    double rest = group.mean(run -> run.costs().total());
    for (String topic : topics) {
      double sum = group.mean(run -> run.costs().byTopic().getOrDefault(topic, 0L));
      boolean others = topic.equals(OTHERS);
      put(bytes, Figures.megabytes(others ? Math.max(0, rest) : sum));
      rest -= sum;
    }
    parties(
        node.putArray("gigamacs"),
        group,
        Figures::gigamacs,
        run -> run.costs().allDevicesMacs(),
        run -> run.costs().bodyMacs(),
        run -> run.costs().coordinatorMacs());
    parties(
        node.putArray("mebibytes"),
        group,
        Figures::mebibytes,
        run -> run.costs().devicePeak(),
        run -> run.costs().bodyPeak(),
        run -> run.costs().coordinatorPeak());
    return node;
  }

  @SafeVarargs
  private static void parties(
      ArrayNode into,
      Group group,
      java.util.function.DoubleUnaryOperator unit,
      ToDoubleFunction<RunRecord>... figures) {
    for (ToDoubleFunction<RunRecord> figure : figures) {
      put(into, unit.applyAsDouble(group.mean(figure)));
    }
  }

  /**
   * Points after each round that all of these runs have measured: {@code x} rounds done, accuracy
   * and loss with half the width of their bands, megabytes so far.
   */
  private static List<ObjectNode> curve(List<RunRecord> runs) {
    Map<Integer, List<double[]>> byRound = new TreeMap<>();
    for (RunRecord run : runs) {
      long bytes = 0;
      for (RunRecord.Round round : run.rounds()) {
        bytes += round.payload();
        double accuracy = round.metric("accuracy");
        double loss = round.metric("loss");
        if (!Double.isNaN(accuracy) || !Double.isNaN(loss)) {
          byRound
              .computeIfAbsent(round.round(), key -> new ArrayList<>())
              .add(new double[] {accuracy, loss, bytes, round.metric("standardError")});
        }
      }
    }
    List<ObjectNode> points = new ArrayList<>();
    byRound.forEach((round, values) -> {
      if (values.size() == runs.size()) {
        points.add(point(round, values));
      }
    });
    return points;
  }

  private static ObjectNode point(int round, List<double[]> values) {
    ObjectNode point = JSON.createObjectNode();
    point.put("x", round + 1);
    put(point, "accuracy", mean(values, 0));
    put(point, "loss", mean(values, 1));
    put(point, "megabytes", Figures.megabytes(mean(values, 2)));
    boolean seeds = values.size() > 1;
    put(point, "accuracyBand", seeds ? deviation(values, 0) : values.getFirst()[3]);
    put(point, "lossBand", seeds ? deviation(values, 1) : Double.NaN);
    return point;
  }

  private static double mean(List<double[]> values, int column) {
    return values.stream().mapToDouble(v -> v[column]).average().orElse(Double.NaN);
  }

  private static double deviation(List<double[]> values, int column) {
    double mean = mean(values, column);
    double sum = values.stream().mapToDouble(v -> (v[column] - mean) * (v[column] - mean)).sum();
    return Math.sqrt(sum / (values.size() - 1));
  }

  private static final String OTHERS = "other topics";

  /** Topics by size, the largest first; what is over is one more. */
  private List<String> topics() {
    Map<String, Double> sizes = new TreeMap<>();
    for (Group group : comparison.groups()) {
      for (RunRecord run : group.runs()) {
        run.costs()
            .byTopic()
            .forEach((topic, bytes) -> sizes.merge(topic, (double) bytes, Double::sum));
      }
    }
    List<String> topics =
        new ArrayList<>(
            sizes.keySet().stream()
                .sorted(
                    Comparator.comparingDouble((String t) -> -sizes.getOrDefault(t, 0.0))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(MOST_TOPICS)
                .toList());
    if (sizes.size() > MOST_TOPICS) {
      topics.add(OTHERS);
    }
    return topics;
  }

  private static ObjectNode timeline(String name, RunRecord run) {
    Timeline timeline = Timeline.of(run);
    ObjectNode node = JSON.createObjectNode();
    node.put("name", name);
    node.put("headline", Timeline.headline(run));
    node.put("taking", timeline.taking());
    ArrayNode devices = node.putArray("devices");
    timeline.devices().forEach(devices::add);
    ArrayNode visits = node.putArray("visits");
    for (RunRecord.Visit visit : timeline.visits()) {
      ArrayNode values = visits.addArray();
      values.add(timeline.devices().indexOf(visit.device())).add(visit.round() + 1);
      for (double value :
          new double[] {
            visit.start(), visit.end(), visit.transfer(), visit.compute(), visit.waiting()
          }) {
        put(values, value);
      }
    }
    ArrayNode lost = node.putArray("lost");
    for (RunRecord.Lost loss : timeline.lost()) {
      lost.addArray()
          .add(timeline.devices().indexOf(loss.device()))
          .add(loss.round() + 1)
          .add(loss.reason());
    }
    ArrayNode rounds = node.putArray("rounds");
    timeline.rounds().forEach((round, seconds) -> put(rounds.addArray().add(round + 1), seconds));
    put(node, "end", run.virtualSeconds());
    return node;
  }

  private static ObjectNode partition(String name, RunRecord run) {
    LabelMap map = LabelMap.of(run.start().classes(), run.partition());
    ObjectNode node = JSON.createObjectNode();
    node.put("name", name);
    node.put("headline", map.headline());
    node.put("perColumn", map.perColumn());
    node.put("devices", run.partition().size());
    ArrayNode classes = node.putArray("classes");
    map.classes().forEach(classes::add);
    ArrayNode columns = node.putArray("columns");
    for (LabelMap.Column column : map.columns()) {
      ObjectNode entry = columns.addObject();
      entry.put("name", column.name());
      ArrayNode counts = entry.putArray("counts");
      column.counts().forEach(counts::add);
    }
    return node;
  }

  /** Six digits are more than a chart can show. */
  private static void put(ObjectNode node, String name, double value) {
    if (Double.isFinite(value)) {
      node.put(name, rounded(value));
    } else {
      node.putNull(name);
    }
  }

  private static void put(ArrayNode node, double value) {
    if (Double.isFinite(value)) {
      node.add(rounded(value));
    } else {
      node.addNull();
    }
  }

  private static double rounded(double value) {
    return new java.math.BigDecimal(value).round(new java.math.MathContext(7)).doubleValue();
  }
}
