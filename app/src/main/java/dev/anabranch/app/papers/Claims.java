package dev.anabranch.app.papers;

import dev.anabranch.app.plan.PlanText;
import dev.anabranch.app.plan.Words;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A checked {@code claims.yaml}: what a paper claims, how each claim is judged, and the plans that
 * it takes.
 *
 * @param folder where it lies
 * @param paper title and where it was published
 * @param plans by short name, for the long form
 * @param quick the same for the short form; all its names are in {@code plans}
 * @param seeds how many the long form repeats with
 * @param quickSeeds the same for the short form
 * @param data how to get a file, by the beginning of its path
 */
public record Claims(
    Path folder,
    String paper,
    Map<String, PlanFile> plans,
    Map<String, PlanFile> quick,
    int seeds,
    int quickSeeds,
    Map<String, String> data,
    List<Claim> claims) {
  /** The file's name. */
  public static final String FILE = "claims.yaml";

  private static final Knob.Text PAPER = new Knob.Text("paper", "", "Title and source.");
  private static final Knob.Int SEEDS = new Knob.Int("seeds", 3, 1, 1000, "Of the long form.");
  private static final Knob.Int QUICK_SEEDS =
      new Knob.Int("quickSeeds", 1, 1, 1000, "Of the short form.");
  private static final List<Knob> KNOBS = List.of(PAPER, SEEDS, QUICK_SEEDS);
  private static final List<String> KEYS =
      List.of("paper", "plans", "quick", "seeds", "quickSeeds", "data", "claims");

  private static final Knob.Text CLAIM = new Knob.Text("claim", "", "The claim.");
  private static final Knob.Text SOURCE = new Knob.Text("source", "", "Section or table.");
  private static final Knob.Text AGAINST = new Knob.Text("against", "", "The reference.");
  private static final Knob.Text CAUSE = new Knob.Text("cause", "", "Why it may not be reached.");
  private static final Knob.OneOf MEASURE =
      new Knob.OneOf("measure", "difference", Measure.KINDS, "What it is judged by.");
  private static final List<Knob> OF_A_CLAIM = List.of(CLAIM, SOURCE, AGAINST, MEASURE, CAUSE);
  private static final List<String> KEYS_OF_A_CLAIM =
      List.of("claim", "source", "against", "measure", "pass", "partly", "cause");

  /** Reads the file of a folder. A message names the file and the place in it. */
  public static Claims read(Path folder) {
    var file = folder.resolve(FILE);
    var given = PlanText.readFile(file);
    try {
      return read(folder, given);
    } catch (AnabranchException e) {
      throw new AnabranchException(e.failure(), file + ": " + e.getMessage(), e);
    }
  }

  private static Claims read(Path folder, Map<String, ?> given) {
    Words.requireKnown("", KEYS, given.keySet());
    var s = Settings.read("", KNOBS, only(KNOBS, given));
    require(!s.text(PAPER).isEmpty(), "paper", "missing", "title and source");
    var plans = files(folder, "plans", given.get("plans"));
    require(!plans.isEmpty(), "plans", "missing", "short names of plans, each with its file");
    var quick = files(folder, "quick", given.get("quick"));
    Words.requireKnown("quick", List.copyOf(plans.keySet()), quick.keySet());
    return new Claims(
        folder,
        s.text(PAPER),
        plans,
        quick,
        s.integer(SEEDS),
        s.integer(QUICK_SEEDS),
        data(given.get("data")),
        claims(given.get("claims"), List.copyOf(plans.keySet())));
  }

  private static Map<String, ?> only(List<Knob> knobs, Map<String, ?> given) {
    var out = new LinkedHashMap<String, Object>();
    for (var knob : knobs) {
      var value = given.get(knob.name());
      if (value != null) {
        out.put(knob.name(), value);
      }
    }
    return out;
  }

  private static Map<String, PlanFile> files(Path folder, String at, @Nullable Object given) {
    var out = new LinkedHashMap<String, PlanFile>();
    Settings.section(at, given)
        .forEach((name, value) -> {
          require(
              name.matches("[A-Za-z0-9][A-Za-z0-9.-]{0,39}"),
              at + "." + name,
              "'" + name + "'",
              "1 to 40 letters, digits, '.' or '-'");
          out.put(name, PlanFile.read(folder, at + "." + name, value));
        });
    return out;
  }

  private static Map<String, String> data(@Nullable Object given) {
    var out = new LinkedHashMap<String, String>();
    Settings.section("data", given)
        .forEach((path, how) -> {
          require(
              DataFolder.isRelative(path), "data." + path, path, "a path below datasets or models");
          require(how instanceof String text && !text.isBlank(), "data." + path, how, "a text");
          out.put(path, String.valueOf(how));
        });
    return out;
  }

  private static List<Claim> claims(@Nullable Object given, List<String> plans) {
    if (!(given instanceof List<?> list) || list.isEmpty()) {
      throw AnabranchException.expected(
          Failure.PLAN, "claims", given == null ? "missing" : given, "a list of claims");
    }
    var out = new ArrayList<Claim>();
    for (var one : list) {
      out.add(claim("claims." + (out.size() + 1), one, plans));
    }
    return List.copyOf(out);
  }

  private static Claim claim(String at, @Nullable Object given, List<String> plans) {
    var map = Settings.section(at, given);
    Words.requireKnown(at, KEYS_OF_A_CLAIM, map.keySet());
    for (var key : List.of("claim", "source", "against", "measure", "pass")) {
      require(map.containsKey(key), at + "." + key, "missing", "given for every claim");
    }
    var s = Settings.read(at, OF_A_CLAIM, only(OF_A_CLAIM, map));
    var measure = s.make(MEASURE, Measure.class);
    for (var plan : measure.plans()) {
      require(
          plans.contains(plan),
          at + ".measure." + s.chosen(MEASURE),
          "plan " + plan,
          Words.hint(plan, plans));
    }
    return new Claim(
        s.text(CLAIM),
        s.text(SOURCE),
        s.text(AGAINST),
        measure,
        Bounds.read(at + ".pass", Settings.section(at + ".pass", map.get("pass"))),
        map.containsKey("partly")
            ? Bounds.read(at + ".partly", Settings.section(at + ".partly", map.get("partly")))
            : null,
        s.text(CAUSE));
  }

  /** How to get a file that a plan names; empty if nothing is said about it. */
  Optional<String> howToGet(String path) {
    return data.entrySet().stream()
        .filter(entry -> path.startsWith(entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  static void require(boolean holds, String name, @Nullable Object value, String expected) {
    Check.that(holds, name, value, expected);
  }
}
