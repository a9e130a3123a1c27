package dev.anabranch.app.plan;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The plans of {@code anabranch demo}. */
public final class Demo {
  private Demo() {}

  /** By name, in the order in which they run. */
  public static Map<String, RunPlan> plans(Catalog catalog, int rounds) {
    var base = RunPlan.parse(catalog, "demo.yaml", text()).set(List.of("method.rounds=" + rounds));
    var out = new LinkedHashMap<String, RunPlan>();
    out.put("fedavg", base.withMethodEntry("fedavg"));
    out.put("sfprompt", base);
    out.put(
        "sfprompt-sliced-fp16",
        base.set(
            List.of(
                "method.sliceCrossings=true",
                "codecs={activation: fp16, body-output: fp16, output-gradient: fp16,"
                    + " activation-gradient: fp16}")));
    return out;
  }

  /** The plan of the run as published. */
  public static String text() {
    try (var in = Demo.class.getResourceAsStream("/dev/anabranch/app/demo.yaml")) {
      if (in == null) {
        throw new IllegalStateException("demo.yaml is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
