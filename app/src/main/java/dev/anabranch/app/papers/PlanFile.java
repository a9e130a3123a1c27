package dev.anabranch.app.papers;

import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A plan of a paper: a file, alone or with keys that are set anew in it.
 *
 * @param set each as {@code key=value}
 */
record PlanFile(Path file, List<String> set) {
  private static final Knob.Text FILE = new Knob.Text("file", "", "The plan.");
  private static final Knob.Words SET = new Knob.Words("set", List.of(), "Keys set anew.");

  PlanFile {
    set = List.copyOf(set);
  }

  /** Reads {@code file.yaml} or {@code {file: file.yaml, set: [key=value]}}. */
  static PlanFile read(Path folder, String at, Object given) {
    if (given instanceof String name) {
      return new PlanFile(file(folder, at, name), List.of());
    }
    var s = Settings.read(at, List.of(FILE, SET), Settings.section(at, given));
    return new PlanFile(file(folder, at, s.text(FILE)), s.words(SET));
  }

  private static Path file(Path folder, String at, String name) {
    var file = folder.resolve(name).normalize();
    Claims.require(
        file.startsWith(folder.normalize()) && Files.isRegularFile(file),
        at,
        name.isEmpty() ? "missing" : name,
        "a plan in " + folder);
    return file;
  }
}
