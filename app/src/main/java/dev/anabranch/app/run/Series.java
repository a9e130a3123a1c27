package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.record.Summary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Several runs side by side, each by a number of seeds, in one folder with one report. */
public final class Series {
  private final Session session;
  private final Runner.Watch watch;

  public Series(Session session, Runner.Watch watch) {
    this.session = session;
    this.watch = watch;
  }

  /** One plan and how it is called. */
  public record Entry(String label, RunPlan plan) {}

  /**
   * Where the record goes.
   *
   * @param runs parent of a new folder
   * @param folder the folder itself, if the user named one
   * @param seeds how many, counted up from the plan's
   */
  public record Place(Path runs, @Nullable Path folder, int seeds) {}

  /**
   * What came of it.
   *
   * @param entries in the order that was asked for
   * @param runs by entry, then by seed
   */
  public record Result(Path folder, Path report, List<Entry> entries, List<Summary> runs) {
    /** The runs of one entry. */
    public List<Summary> of(Entry entry) {
      return runs.stream().filter(run -> run.label().equals(entry.label())).toList();
    }
  }

  private record Planned(Entry entry, RunPlan plan, Path folder) {}

  /** Carries them out in turn. What was finished stays, with a report, if a later run fails. */
  public Result run(List<Entry> entries, Place place) {
    var first = entries.getFirst().plan();
    var folder =
        place.folder() == null
            ? RunFolder.reserve(place.runs(), first.name(), Instant.now())
            : RunFolder.reserve(place.folder());
    var planned = plan(entries, place.seeds(), folder);
    var done = new ArrayList<Summary>();
    var folders = new ArrayList<Path>();
    var report = folder.resolve("report.html");
    boolean single = planned.size() == 1;
    try {
      for (var next : planned) {
        done.add(new Runner(session).run(next.plan(), next.entry().label(), next.folder(), watch));
        folders.add(next.folder());
      }
    } finally {
      if (!single && !done.isEmpty()) {
        leave(folder, done);
        session.wiring().report(folders, report);
      }
    }
    return new Result(folder, report, entries, done);
  }

  private static List<Planned> plan(List<Entry> entries, int seeds, Path folder) {
    var out = new ArrayList<Planned>();
    boolean single = entries.size() * seeds == 1;
    var taken = new HashMap<String, Integer>();
    for (var entry : entries) {
      var name = entry.label().replaceAll("[^A-Za-z0-9.-]+", "-").replaceAll("-+$", "");
      int number = taken.merge(name, 1, Integer::sum);
      var base = number == 1 ? name : name + "-" + number;
      for (int s = 0; s < seeds; s++) {
        var plan = s == 0 ? entry.plan() : entry.plan().withSeed(entry.plan().seed() + s);
        var sub = seeds == 1 ? base : base + "-seed-" + plan.seed();
        out.add(new Planned(entry, plan, single ? folder : folder.resolve(sub)));
      }
    }
    return out;
  }

  private static void leave(Path folder, List<Summary> done) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("runs", done.stream().map(Summary::toMap).toList());
    try {
      Files.writeString(folder.resolve("comparison.json"), Json.pretty(all));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The folders of the runs in a folder: itself, or those within it. */
  public static List<Path> folders(Path path) {
    if (!Files.isRegularFile(RunFolder.plan(path)) && Files.isDirectory(path)) {
      try (var entries = Files.list(path)) {
        var runs = entries.filter(p -> Files.isRegularFile(RunFolder.plan(p))).sorted().toList();
        if (!runs.isEmpty()) {
          return runs;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    RunFolder.require(path);
    return List.of(path);
  }
}
