package dev.anabranch.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Runs benchmarks, each in a process of its own so that none sees another's memory or compiled
 * code, and prints one Markdown table.
 *
 * <p>Arguments: names of benchmarks; all without any.
 */
public final class Benchmarks {
  private static final String ALONE = "--alone";
  private static final Map<String, Supplier<Benchmark>> ALL = all();

  private Benchmarks() {}

  private static Map<String, Supplier<Benchmark>> all() {
    var all = new LinkedHashMap<String, Supplier<Benchmark>>();
    all.put("body", BodyThroughput::new);
    all.put("step", LocalStep::new);
    all.put("language", LanguageModel::new);
    all.put("visit", VisitOverhead::new);
    all.put("devices", ManyDevices::new);
    all.put("links", LinkSpeed::new);
    all.put("coordinator", CoordinatorMemory::new);
    all.put("attend", ManyAttend::new);
    all.put("codecs", () -> () -> Micro.run(CodecSpeed.class));
    all.put("mean", () -> () -> Micro.run(MeanSpeed.class));
    all.put("files", () -> () -> Micro.run(FileSpeed.class));
    return all;
  }

  /** Runs what is asked for. Exits with 2 for an unknown name and with 1 if a benchmark failed. */
  public static void main(String... args) {
    if (args.length == 2 && args[0].equals(ALONE)) {
      named(args[1]).get().run().forEach(row -> System.out.println(row.line()));
      return;
    }
    Collection<String> names = args.length == 0 ? ALL.keySet() : List.of(args);
    names.forEach(Benchmarks::named);
    var table = new ArrayList<String>();
    table.add(Machine.line());
    table.add("");
    table.add("| benchmark | what | measured | target | |");
    table.add("|---|---|---:|---|---|");
    boolean failed = false;
    for (var name : names) {
      System.err.println("benchmark " + name + " …");
      long start = System.nanoTime();
      var rows = alone(name);
      failed |= rows.isEmpty();
      rows.forEach(row -> table.add(row.markdown(name)));
      System.err.println(Row.text("benchmark %s: %.0f s", name, (System.nanoTime() - start) / 1e9));
    }
    table.forEach(System.out::println);
    if (failed) {
      System.exit(1);
    }
  }

  private static Supplier<Benchmark> named(String name) {
    var found = ALL.get(name);
    if (found == null) {
      System.err.println("benchmark: " + name + " (expected: of " + ALL.keySet() + ")");
      System.exit(2);
      throw new IllegalArgumentException(name);
    }
    return found;
  }

  /** Runs one benchmark in a process of its own, with this process's flags. */
  private static List<Row> alone(String name) {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Benchmarks.class.getName(), ALONE, name));
    try {
      var process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try (var out = process.inputReader(StandardCharsets.UTF_8)) {
        var rows = Row.read(out.lines().toList());
        int code = process.waitFor();
        if (code != 0) {
          System.err.println("benchmark " + name + ": exit code " + code + " (expected: 0)");
          return List.of();
        }
        return rows;
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
