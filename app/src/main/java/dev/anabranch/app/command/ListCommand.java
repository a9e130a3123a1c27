package dev.anabranch.app.command;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code list WHAT}. */
@Command(name = "list", description = "What a plan can choose from.")
final class ListCommand implements Callable<Integer> {
  /** What can be listed. */
  enum What {
    methods,
    models,
    sources,
    partitioners,
    codecs,
    profiles
  }

  private final Work work;
  @Mixin private Output output = new Output();

  @Parameters(paramLabel = "WHAT", description = "One of ${COMPLETION-CANDIDATES}.")
  private What what = What.methods;

  ListCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    var catalog = work.wiring().get().catalog();
    if (output.json) {
      work.console().out().println(Json.compact(Map.of(what.name(), json(catalog))));
    } else if (what == What.profiles) {
      catalog.profiles().forEach(this::print);
    } else {
      kinds(catalog).forEach(this::print);
    }
    return 0;
  }

  private List<? extends Kind<?>> kinds(Catalog catalog) {
    return Objects.requireNonNull(catalog.kinds().get(what.name()));
  }

  private void print(Kind<?> kind) {
    var out = work.console().out();
    var aliases =
        kind.aliases().isEmpty() ? "" : " (also " + String.join(", ", kind.aliases()) + ")";
    out.println(kind.name() + aliases);
    out.println("    " + kind.about());
    kind.knobs()
        .forEach(knob -> {
          var standard = "".equals(knob.standard()) ? "''" : knob.standard();
          var allowed = allowed(knob);
          out.println(
              "    "
                  + knob.name()
                  + ": "
                  + standard
                  + "  # "
                  + knob.about()
                  + (allowed.isEmpty() ? "" : " (" + allowed + ")"));
        });
  }

  /** What a setting may be, as far as it is limited. */
  private static String allowed(Knob knob) {
    return switch (knob) {
      case Knob.Int i ->
          i.max() == Long.MAX_VALUE ? "at least " + i.min() : i.min() + " to " + i.max();
      case Knob.Real r ->
          r.max() == Double.MAX_VALUE ? "at least " + r.min() : r.min() + " to " + r.max();
      case Knob.Choice c -> String.join(", ", c.values());
      case Knob.OneOf o ->
          o.kinds().stream().map(ListCommand::entry).collect(Collectors.joining(", "));
      case Knob.Flag f -> "";
      case Knob.Text t -> "";
      case Knob.Words w -> "";
    };
  }

  /** A name with its settings, as {@code lora{r: 8, alpha: 16}}. */
  private static String entry(Kind<?> kind) {
    return kind.knobs().isEmpty()
        ? kind.name()
        : kind.name()
            + kind.knobs().stream()
                .map(knob -> knob.name() + ": " + knob.standard())
                .collect(Collectors.joining(", ", "{", "}"));
  }

  private void print(DeviceProfile p) {
    var out = work.console().out();
    out.println(p.name());
    out.println(
        "    "
            + Units.macs(p.macsPerSecond())
            + "/s, "
            + Units.memory(p.memoryBytes())
            + ", down "
            + Units.traffic(p.downBytesPerSecond())
            + "/s, up "
            + Units.traffic(p.upBytesPerSecond())
            + "/s, one way "
            + p.latencySeconds() * 1000
            + " ms");
    out.println("    " + p.source());
  }

  private List<?> json(Catalog catalog) {
    return what == What.profiles
        ? catalog.profiles()
        : kinds(catalog).stream().map(ListCommand::json).toList();
  }

  private static Map<String, Object> json(Kind<?> kind) {
    var out = new LinkedHashMap<String, Object>();
    out.put("name", kind.name());
    out.put("aliases", kind.aliases());
    out.put("about", kind.about());
    out.put("knobs", kind.knobs().stream().map(ListCommand::json).toList());
    return out;
  }

  private static Map<String, Object> json(Knob knob) {
    var out = new LinkedHashMap<String, Object>();
    out.put("name", knob.name());
    out.put("default", knob.standard());
    out.put("about", knob.about());
    var allowed = allowed(knob);
    if (!allowed.isEmpty()) {
      out.put("allowed", allowed);
    }
    return out;
  }
}
