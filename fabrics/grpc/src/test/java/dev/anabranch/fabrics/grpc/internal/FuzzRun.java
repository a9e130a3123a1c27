package dev.anabranch.fabrics.grpc.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Fuzzes every target by Jazzer, in a process of its own for an equal share of the time. What it
 * has learned stays in {@code target/fuzz} for the next time; an input that is a finding lies there
 * too, as {@code crash-…}. Arguments: minutes, and names of targets (all by default).
 */
public final class FuzzRun {
  /** Longest input that is tried, in bytes. */
  private static final int LONGEST = 2048;

  private FuzzRun() {}

  /** Ends with status 1 if there was a finding. */
  public static void main(String[] args) throws IOException, InterruptedException {
    double minutes = Double.parseDouble(args[0]);
    var names =
        args.length > 1
            ? List.of(args).subList(1, args.length)
            : List.copyOf(FuzzEntry.targets().keySet());
    var found = new ArrayList<String>();
    for (var name : names) {
      System.out.println("== " + name);
      if (fuzz(name, Math.max(1, Math.round(minutes * 60 / names.size()))) != 0) {
        found.add(name);
      }
    }
    System.out.println(found.isEmpty() ? "no findings" : "findings in " + found);
    System.exit(found.isEmpty() ? 0 : 1);
  }

  private static int fuzz(String name, long seconds) throws IOException, InterruptedException {
    var folder = Path.of("target", "fuzz", name);
    var learned = Files.createDirectories(folder.resolve("learned"));
    var seeds = Files.createDirectories(folder.resolve("seeds"));
    int number = 0;
    for (byte[] seed : FuzzEntry.make(name).seeds()) {
      Files.write(seeds.resolve("seed-" + number++), seed);
    }
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+EnableDynamicAgentLoading",
            "-XX:+UseSerialGC",
            "-Xmx256m", // so that forgotten memory off the heap is freed in time
            "-cp",
            System.getProperty("java.class.path"),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + FuzzEntry.class.getName(),
            "--target_args=" + name,
            "--instrumentation_includes=dev.anabranch.**",
            "--reproducer_path=" + folder,
            "-artifact_prefix=" + folder + "/",
            "-max_total_time=" + seconds,
            "-max_len=" + LONGEST,
            "-rss_limit_mb=4096",
            "-timeout=20",
            "-print_final_stats=1",
            learned.toString(),
            seeds.toString()));
    var kept = Path.of("src", "test", "resources", "fuzz", name);
    if (Files.isDirectory(kept)) {
      command.add(kept.toString());
    }
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
