package dev.anabranch.app.daemon;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * What the coordinator tells an agent of a run.
 *
 * @param plan its text, with every default filled in
 * @param classes names of the classes by index, so that a device reads its labels alike
 * @param devices how many the run has
 */
record Offer(String plan, List<String> classes, int devices) {
  private static final int MOST_DEVICES = 1_000_000;

  String text() {
    var out = new LinkedHashMap<String, Object>();
    out.put("plan", plan);
    out.put("classes", classes);
    out.put("devices", devices);
    return Json.compact(out);
  }

  static Offer read(String run, String text) {
    var read = Json.object(Path.of("offer of " + run), text);
    if (read.get("plan") instanceof String plan
        && read.get("classes") instanceof List<?> classes
        && read.get("devices") instanceof Integer devices
        && devices > 0
        && devices <= MOST_DEVICES) {
      return new Offer(plan, classes.stream().map(String::valueOf).toList(), devices);
    }
    throw AnabranchException.expected(
        Failure.CORRUPT, "offer of " + run, "not whole", "plan, classes and devices");
  }
}
