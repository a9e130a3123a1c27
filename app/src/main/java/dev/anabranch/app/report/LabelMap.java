package dev.anabranch.app.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.stream.IntStream;

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

  private record Device(int index, List<Long> counts) {
    long size() {
      return counts.stream().mapToLong(Long::longValue).sum();
    }

    /** The class of which it has most examples. */
    int main() {
      int best = 0;
      for (int c = 1; c < counts.size(); c++) {
        best = counts.get(c) > counts.get(best) ? c : best;
      }
      return best;
    }

    double mainShare() {
      return size() == 0 ? 0 : counts.get(main()) / (double) size();
    }
  }

  static LabelMap of(List<String> names, SortedMap<Integer, List<Long>> partition) {
    int width = partition.values().stream().mapToInt(List::size).max().orElse(0);
    List<String> classes = new ArrayList<>();
    for (int c = 0; c < width; c++) {
      classes.add(c < names.size() ? names.get(c) : "class " + c);
    }
    List<Device> devices = new ArrayList<>();
    partition.forEach((index, row) -> devices.add(new Device(index, padded(row, width))));
    String headline = headline(devices, classes.size());
    if (width > MOST_CLASSES) {
      foldRare(classes, devices);
    }
    boolean oneByOne = devices.size() <= ONE_BY_ONE;
    int per = oneByOne ? 1 : (devices.size() + MOST_COLUMNS - 1) / MOST_COLUMNS;
    if (!oneByOne) {
      // Devices with the same main class stand together, so that a column of several hides little.
      devices.sort(
          Comparator.comparingInt(Device::main)
              .thenComparing(Comparator.comparingDouble(Device::mainShare).reversed())
              .thenComparingInt(Device::index));
    }
    List<Column> columns = new ArrayList<>();
    for (int from = 0; from < devices.size(); from += per) {
      List<Device> some = devices.subList(from, Math.min(devices.size(), from + per));
      columns.add(new Column(name(some), sum(some)));
    }
    return new LabelMap(classes, columns, per, headline);
  }

  private static String name(List<Device> devices) {
    int first = devices.getFirst().index();
    return devices.size() == 1
        ? "device " + first
        : devices.size() + " devices: " + first + ", " + devices.get(1).index() + " …";
  }

  private static List<Long> padded(List<Long> row, int width) {
    List<Long> full = new ArrayList<>(row);
    while (full.size() < width) {
      full.add(0L);
    }
    return full;
  }

  private static List<Long> sum(List<Device> devices) {
    List<Long> sum = new ArrayList<>(devices.getFirst().counts());
    for (Device device : devices.subList(1, devices.size())) {
      for (int c = 0; c < sum.size(); c++) {
        sum.set(c, sum.get(c) + device.counts().get(c));
      }
    }
    return sum;
  }

  private static void foldRare(List<String> classes, List<Device> devices) {
    List<Long> totals = sum(devices);
    List<Integer> kept =
        IntStream.range(0, totals.size())
            .boxed()
            .sorted(Comparator.comparingLong((Integer c) -> -totals.get(c)))
            .limit(MOST_CLASSES - 1)
            .sorted()
            .toList();
    devices.replaceAll(device -> {
      List<Long> folded = new ArrayList<>();
      kept.forEach(c -> folded.add(device.counts().get(c)));
      folded.add(device.size() - folded.stream().mapToLong(Long::longValue).sum());
      return new Device(device.index(), folded);
    });
    List<String> names = new ArrayList<>();
    kept.forEach(c -> names.add(classes.get(c)));
    names.add((classes.size() - kept.size()) + " others");
    classes.clear();
    classes.addAll(names);
  }

  private static String headline(List<Device> devices, int classes) {
    if (devices.isEmpty()) {
      return "";
    }
    List<Long> sizes = devices.stream().map(Device::size).sorted().toList();
    if (classes < 2) {
      return String.format(
          Locale.ROOT,
          "A device holds from %,d to %,d examples",
          sizes.getFirst(),
          sizes.getLast());
    }
    List<Double> shares = devices.stream().map(Device::mainShare).sorted().toList();
    return String.format(
        Locale.ROOT,
        "A device holds from %,d to %,d examples; on the median device %.0f %% are of one class",
        sizes.getFirst(),
        sizes.getLast(),
        100 * shares.get(shares.size() / 2));
  }
}
