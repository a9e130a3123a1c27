package dev.anabranch.app.papers;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.plan.Words;
import dev.anabranch.app.record.Digest;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.record.Storage;
import dev.anabranch.app.report.RunRecord;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the plans of a paper and judges its claims. What has run with the same plan and seed is not
 * run again, and what was interrupted goes on.
 *
 * @param quick the short form
 * @param overrides keys set anew in every plan
 * @param seeds how many; 0: as the claims say
 * @param data where the files of plans lie; null: as their paths stand
 * @param again whether what has run is run once more
 * @param only names of plans to run, where {@code *} stands for any characters; empty: all. Others
 *     are judged if they have run before
 */
public record Reproduction(
    Claims claims,
    boolean quick,
    List<String> overrides,
    int seeds,
    @Nullable Path data,
    boolean again,
    List<String> only) {

  /**
   * What came of it.
   *
   * @param summaries of the runs, as their files have them
   */
  public record Result(
      Claims claims,
      Path folder,
      Path report,
      List<Map<String, Object>> summaries,
      Runs runs,
      List<Judged> judged) {
    /** As {@code --json} prints it. */
    public Map<String, Object> toMap() {
      var out = new LinkedHashMap<String, Object>();
      out.put("paper", claims.paper());
      out.put("runs", summaries);
      out.put("claims", judged.stream().map(Judged::toMap).toList());
      out.put("folder", folder.toString());
      out.put("report", report.toString());
      return out;
    }
  }

  private record Planned(String name, RunPlan plan, Path folder) {}

  /** Runs what has not run, then judges. */
  public Result carryOut(Session session, Path folder, Runner.Watch watch) {
    requireKnown();
    var all = planned(session, folder);
    var open =
        all.stream()
            .filter(next -> wanted(next.name()))
            .filter(next -> again || !finished(next.folder()))
            .toList();
    var estimator = new Estimator(session);
    open.forEach(next -> estimator.require(next.plan()));
    for (var next : open) {
      run(new Runner(session), next, watch);
    }
    return judge(session, folder, all.stream().filter(one -> finished(one.folder())).toList());
  }

  private void requireKnown() {
    var names = (quick ? claims.quick() : claims.plans()).keySet();
    for (var one : only) {
      if (names.stream().noneMatch(name -> matches(one, name))) {
        throw AnabranchException.expected(
            Failure.USAGE, "--plans", one, Words.hint(one, List.copyOf(names)));
      }
    }
  }

  private boolean wanted(String name) {
    return only.isEmpty() || only.stream().anyMatch(one -> matches(one, name));
  }

  private static boolean matches(String pattern, String name) {
    var parts = Stream.of(pattern.split("\\*", -1)).map(Pattern::quote).toList();
    return name.matches(String.join(".*", parts));
  }

  private List<Planned> planned(Session session, Path folder) {
    var files = quick ? claims.quick() : claims.plans();
    Claims.require(!files.isEmpty(), claims.folder() + ": quick", "missing", "plans for --quick");
    int repeat = seeds > 0 ? seeds : quick ? claims.quickSeeds() : claims.seeds();
    var where = new DataFolder(data);
    var out = new ArrayList<Planned>();
    files.forEach((name, file) -> {
      var plan = read(session.catalog(), name, file);
      if (wanted(name)) {
        where.require(plan, claims);
      }
      var here = where.in(plan, session.catalog());
      for (int s = 0; s < repeat; s++) {
        var seeded = here.withSeed(here.seed() + s);
        var sub = name + "-seed-" + seeded.seed() + "-" + mark(seeded);
        out.add(new Planned(name, seeded, folder.resolve(sub)));
      }
    });
    return out;
  }

  /** Files that a plan names and of which the claims do not say how to get them. */
  public List<String> lacking(Catalog catalog) {
    return (quick ? claims.quick() : claims.plans())
        .entrySet().stream()
            .flatMap(e -> DataFolder.files(read(catalog, e.getKey(), e.getValue())).stream())
            .filter(file -> claims.howToGet(file).isEmpty())
            .distinct()
            .toList();
  }

  private RunPlan read(Catalog catalog, String name, PlanFile plan) {
    try {
      return RunPlan.read(catalog, plan.file(), plan.set()).set(overrides);
    } catch (AnabranchException e) {
      throw new AnabranchException(e.failure(), name + ": " + e.getMessage(), e);
    }
  }

  /** Tells plans apart that have one name. */
  private static String mark(RunPlan plan) {
    return Digest.sha256(plan.toYaml()).substring(0, 8);
  }

  private static boolean finished(Path run) {
    return Files.isRegularFile(RunFolder.summary(run));
  }

  private void run(Runner runner, Planned next, Runner.Watch watch) {
    if (again) {
      RunFolder.discard(next.folder());
    }
    if (Files.isRegularFile(RunFolder.plan(next.folder()))) {
      runner.resume(next.folder(), watch);
    } else {
      runner.run(next.plan(), next.name(), next.folder(), watch);
    }
  }

  private Result judge(Session session, Path folder, List<Planned> planned) {
    var byPlan = new LinkedHashMap<String, List<RunRecord>>();
    for (var one : planned) {
      byPlan
          .computeIfAbsent(one.name(), name -> new ArrayList<>())
          .add(RunRecord.read(one.folder()));
    }
    var runs = new Runs(byPlan);
    var judged = claims.claims().stream().map(claim -> claim.judge(runs)).toList();
    var folders = planned.stream().map(Planned::folder).toList();
    var summaries = folders.stream().map(run -> Json.readObject(RunFolder.summary(run))).toList();
    var report = folder.resolve("report.html");
    var result = new Result(claims, folder, report, summaries, runs, judged);
    Storage.writeText(folder.resolve("comparison.json"), Json.pretty(Map.of("runs", summaries)));
    var file = new LinkedHashMap<String, Object>();
    file.put("paper", claims.paper());
    file.put("claims", judged.stream().map(Judged::toMap).toList());
    Storage.writeText(folder.resolve("claims.json"), Json.pretty(file));
    session.wiring().report(folders, judged.stream().map(Judged::row).toList(), report);
    return result;
  }
}
