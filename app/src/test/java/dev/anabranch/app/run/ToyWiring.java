package dev.anabranch.app.run;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.report.ClaimRow;
import dev.anabranch.app.report.ReportPage;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Shard;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyShard;
import dev.anabranch.torch.files.SafeTensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Real methods, codecs, fabric and records over the toy engine and made-up points. */
public final class ToyWiring implements Wiring {
  private static final Knob.Int DEVICES = new Knob.Int("devices", 6, 1, 100, "how many");
  private static final Knob.Int EXAMPLES = new Knob.Int("examples", 24, 0, 1000, "of each");

  /** How points are dealt. */
  private record Deal(int devices, int examples) {}

  @Override
  public Catalog catalog() {
    var profiles = new ArrayList<>(Installed.profiles());
    profiles.add(new DeviceProfile("tiny", 1e6, 1, 1e6, 1e6, 0.01, "made up"));
    return new Catalog(
        Installed.methods(),
        List.of(Kind.of("toy", "a small network", List.of(), s -> "toy")),
        List.of(Kind.of("points", "made up", List.of(), s -> "points")),
        List.of(
            Kind.of(
                "even",
                "the same for all",
                List.of(DEVICES, EXAMPLES),
                s -> new Deal(s.integer(DEVICES), s.integer(EXAMPLES)))),
        Installed.codecs(),
        profiles);
  }

  @Override
  public Dataset dataset(RunPlan plan) {
    var deal = plan.partition(Deal.class);
    try (var engine = ToyEngine.small(1)) {
      var shards =
          IntStream.range(0, deal.devices())
              .<Shard>mapToObj(i -> engine.shard(deal.examples(), plan.seed() * 1000 + i))
              .toList();
      return new Dataset(shards, engine.shard(60, 99), List.of("red", "green", "blue"), "points");
    }
  }

  @Override
  public Shard lines(RunPlan plan, List<String> lines) {
    float[][] values = new float[lines.size()][];
    for (int i = 0; i < values.length; i++) {
      var numbers = lines.get(i).split(" ");
      values[i] = new float[numbers.length];
      for (int j = 0; j < numbers.length; j++) {
        values[i][j] = Float.parseFloat(numbers[j]);
      }
    }
    return new ToyShard(values, new int[values.length]);
  }

  /** A point as a line that {@link #lines} reads. */
  public static String line(float[] point) {
    return String.join(
        " ", IntStream.range(0, point.length).mapToObj(i -> Float.toString(point[i])).toList());
  }

  @Override
  public Engine engine(RunPlan plan, int classes) {
    return new ToyEngine(5, 6, 4, classes, plan.lanes(), 7);
  }

  @Override
  public Optional<Engine> dryEngine(RunPlan plan, int classes) {
    return Optional.of(engine(plan, classes));
  }

  @Override
  public Fabric fabric(RunPlan plan) {
    return new LocalFabric(plan.resident());
  }

  @Override
  public void export(TrainedRun run, Form form, Path folder) {
    SafeTensors.write(
        folder.resolve("trained.safetensors"), run.trained(), Map.of("form", form.name()));
  }

  @Override
  public void report(List<Path> runs, List<ClaimRow> claims, Path page) {
    ReportPage.write(runs, claims, page);
  }
}
