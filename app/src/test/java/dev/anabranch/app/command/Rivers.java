package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A folder with a tiny decoder's plan, forty texts to learn, and the runs of that plan.
 *
 * @param folder where all of it lies
 * @param model the decoder, a folder of Hugging Face
 */
record Rivers(Path folder, Path model) {
  /**
   * Writes texts and plan.
   *
   * @param plan with places for the model's path and the texts' path
   */
  static Rivers in(Path folder, String plan) throws IOException, URISyntaxException {
    var csv = new StringBuilder("text,answer\n");
    for (int i = 0; i < 40; i++) {
      csv.append("the river runs ").append(i).append(",it joins again\n");
    }
    Files.writeString(folder.resolve("texts.csv"), csv);
    var resource = Rivers.class.getResource("/tiny-llama");
    var model = Path.of(Objects.requireNonNull(resource, "tiny-llama").toURI());
    Files.writeString(
        folder.resolve("plan.yaml"), plan.formatted(model, folder.resolve("texts.csv")));
    return new Rivers(folder, model);
  }

  Ended run(String name, String... set) {
    var args =
        new ArrayList<Object>(
            List.of("run", folder.resolve("plan.yaml"), "--output", folder.resolve(name)));
    for (var one : set) {
      args.add("--set");
      args.add(one);
    }
    return Ended.installed("", args.toArray());
  }

  Map<String, Object> summary(String name) {
    return Json.readObject(folder.resolve(name).resolve("summary.json"));
  }

  double metric(String name, String metric) {
    return summary(name).get("metrics") instanceof Map<?, ?> map
            && map.get(metric) instanceof Number n
        ? n.doubleValue()
        : Double.NaN;
  }
}
