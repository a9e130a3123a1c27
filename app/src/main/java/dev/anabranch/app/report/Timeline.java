package dev.anabranch.app.report;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The visits of one run on the virtual clock, at most 40 devices of them.
 *
 * @param devices rows, by index
 * @param visits of these devices
 * @param rounds when each round began, in seconds
 * @param taking how many devices took part in all
 */
record Timeline(
    List<Integer> devices,
    List<RunRecord.Visit> visits,
    List<RunRecord.Lost> lost,
    TreeMap<Integer, Double> rounds,
    int taking) {
  static final int MOST_DEVICES = 40;

  static Timeline of(RunRecord run) {
    Map<Integer, Double> busy = new HashMap<>();
    for (RunRecord.Visit visit : run.visits()) {
      busy.merge(visit.device(), visit.end() - visit.start(), Double::sum);
    }
    // A lost visit has no length: it counts as a usual one, so that its device is not left out.
    double usual =
        busy.values().stream().mapToDouble(v -> v).sum() / Math.max(1, run.visits().size());
    run.lost().forEach(lost -> busy.merge(lost.device(), usual, Double::sum));
    List<Integer> devices =
        busy.keySet().stream()
            .sorted(
                Comparator.comparingDouble((Integer device) -> -busy.getOrDefault(device, 0.0))
                    .thenComparing(Comparator.naturalOrder()))
            .limit(MOST_DEVICES)
            .sorted()
            .toList();
    TreeMap<Integer, Double> rounds = new TreeMap<>();
    for (RunRecord.Round round : run.rounds()) {
      if (round.round() >= 0 && !Double.isNaN(round.virtualSeconds())) {
        rounds.put(round.round(), round.virtualSeconds());
      }
    }
    return new Timeline(
        devices,
        run.visits().stream().filter(v -> devices.contains(v.device())).toList(),
        run.lost().stream().filter(l -> devices.contains(l.device())).toList(),
        rounds,
        busy.size());
  }

  /** How the devices' time in visits divides, over all of a run. */
  static String headline(RunRecord run) {
    double compute = run.visits().stream().mapToDouble(RunRecord.Visit::compute).sum();
    double transfer = run.visits().stream().mapToDouble(RunRecord.Visit::transfer).sum();
    double waiting = run.visits().stream().mapToDouble(RunRecord.Visit::waiting).sum();
    double all = compute + transfer + waiting;
    return all <= 0
        ? "No visit was timed"
        : "Devices compute for "
            + Figures.share(compute, all)
            + " of their visits, transfer for "
            + Figures.share(transfer, all)
            + " and wait for "
            + Figures.share(waiting, all);
  }
}
