package dev.anabranch.app.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How the examples of each class fell on the devices, small enough to draw: few devices one by one,
 * many in columns of similar ones.
 *
 * @param classes rows; the rarest are one row if there are too many
 * @param columns devices or ranges of devices, each with its examples of each class
 * @param perColumn devices in a column; 1 where they stand one by one
 * @param headline what it shows, as a sentence
 */
record LabelMap(List<String> classes, List<Column> columns, int perColumn, String headline) {
  static final int ONE_BY_ONE = 60;
  static final int MOST_COLUMNS = 200;
  static final int MOST_CLASSES = 20;

  /** Devices, and how many examples of each row they hold. */
  record Column(String name, List<Long> counts) {}

  static LabelMap of(List<String> names, SortedMap<Integer, List<Long>> partition) {
    int width = partition.values().stream().mapToInt(List::size).max().orElse(0);
    List<String> classes = new ArrayList<>();
    for (int c = 0; c < width; c++) {
      classes.add(c < names.size() ? names.get(c) : "class " + c);
    }
    TreeMap<Integer, List<Long>> counts = new TreeMap<>();
    partition.forEach((device, row) -> counts.put(device, padded(row, width)));
    String headline = headline(counts);
    if (width > MOST_CLASSES) {
      foldRare(classes, counts);
    }
    boolean oneByOne = counts.size() <= ONE_BY_ONE;
    int per = oneByOne ? 1 : (counts.size() + MOST_COLUMNS - 1) / MOST_COLUMNS;
    List<Integer> order = new ArrayList<>(counts.keySet());
    if (!oneByOne) {
      // Devices with the same main class stand together, so that a column of several hides little.
      order.sort(
          Comparator.comparingInt((Integer device) -> main(counts.get(device)))
              .thenComparing(device -> -mainShare(counts.get(device)))
              .thenComparing(Comparator.naturalOrder()));
    }
    List<Column> columns = new ArrayList<>();
    for (int from = 0; from < order.size(); from += per) {
      List<Integer> devices = order.subList(from, Math.min(order.size(), from + per));
      columns.add(new Column(name(devices), sum(devices, counts)));
    }
    return new LabelMap(classes, columns, per, headline);
  }

  private static String name(List<Integer> devices) {
    return devices.size() == 1
        ? "device " + devices.getFirst()
        : devices.size() + " devices: " + devices.getFirst() + ", " + devices.get(1) + " …";
  }

  private static List<Long> padded(List<Long> row, int width) {
    List<Long> full = new ArrayList<>(row);
    while (full.size() < width) {
      full.add(0L);
    }
    return full;
  }

  private static List<Long> sum(List<Integer> devices, SortedMap<Integer, List<Long>> counts) {
    List<Long> sum = new ArrayList<>(counts.get(devices.getFirst()));
    for (int device : devices.subList(1, devices.size())) {
      List<Long> row = counts.get(device);
      for (int c = 0; c < sum.size(); c++) {
        sum.set(c, sum.get(c) + row.get(c));
      }
    }
    return sum;
  }

  private static void foldRare(List<String> classes, TreeMap<Integer, List<Long>> counts) {
    List<Long> totals = sum(List.copyOf(counts.keySet()), counts);
    List<Integer> kept =
        java.util.stream.IntStream.range(0, totals.size())
            .boxed()
            .sorted(Comparator.comparingLong((Integer c) -> -totals.get(c)))
            .limit(MOST_CLASSES - 1)
            .sorted()
            .toList();
    counts.replaceAll((device, row) -> {
      List<Long> folded = new ArrayList<>();
      long rest = row.stream().mapToLong(Long::longValue).sum();
      for (int c : kept) {
        folded.add(row.get(c));
        rest -= row.get(c);
      }
      folded.add(rest);
      return folded;
    });
    int others = classes.size() - kept.size();
    List<String> names = new ArrayList<>();
    kept.forEach(c -> names.add(classes.get(c)));
    names.add(others + " others");
    classes.clear();
    classes.addAll(names);
  }

  private static int main(List<Long> row) {
    int best = 0;
    for (int c = 1; c < row.size(); c++) {
      best = row.get(c) > row.get(best) ? c : best;
    }
    return best;
  }

  private static double mainShare(List<Long> row) {
    long sum = row.stream().mapToLong(Long::longValue).sum();
    return sum == 0 ? 0 : row.get(main(row)) / (double) sum;
  }

  private static String headline(SortedMap<Integer, List<Long>> counts) {
    if (counts.isEmpty()) {
      return "";
    }
    List<Long> sizes =
        counts.values().stream()
            .map(row -> row.stream().mapToLong(Long::longValue).sum())
            .sorted()
            .toList();
    List<Double> shares = counts.values().stream().map(LabelMap::mainShare).sorted().toList();
    return String.format(
        Locale.ROOT,
        "A device holds from %,d to %,d examples; on the median device %.0f %% are of one class",
        sizes.getFirst(),
        sizes.getLast(),
        100 * shares.get(shares.size() / 2));
  }
}
