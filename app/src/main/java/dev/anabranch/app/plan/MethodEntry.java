package dev.anabranch.app.plan;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One of several methods to compare: a name, alone or with settings in YAML flow syntax. */
public record MethodEntry(String name, Map<String, ?> settings) {
  /** Settings that mean the same in every method, and so go over from the plan's own. */
  private static final Set<String> SHARED =
      Set.of("rounds", "cohort", "quorum", "examples", "batch");

  /**
   * Splits at commas outside braces and brackets: {@code fedavg,sfprompt{rounds: 2, cohort: 3}}.
   */
  public static List<String> split(String entries) {
    var out = new ArrayList<String>();
    int depth = 0;
    int from = 0;
    for (int i = 0; i <= entries.length(); i++) {
      char c = i == entries.length() ? ',' : entries.charAt(i);
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
      if (c == ',' && (depth == 0 || i == entries.length())) {
        var entry = entries.substring(from, i).strip();
        if (entry.isEmpty()) {
          throw RunPlan.bad("--methods", "'" + entries + "'", "names with commas between them");
        }
        out.add(entry);
        from = i + 1;
      }
    }
    return out;
  }

  static MethodEntry parse(String entry) {
    int brace = entry.indexOf('{');
    if (brace < 0) {
      return new MethodEntry(entry.strip(), Map.of());
    }
    return new MethodEntry(
        entry.substring(0, brace).strip(),
        PlanText.readMap("--methods " + entry, entry.substring(brace)));
  }

  RunPlan applyTo(RunPlan plan, Knob.OneOf methods) {
    var kind = methods.kinds().stream().filter(k -> k.answersTo(name)).findFirst().orElse(null);
    if (kind == null) {
      var names = methods.kinds().stream().map(Kind::name).toList();
      throw RunPlan.bad("--methods", name, Words.hint(name, names));
    }
    var all = new LinkedHashMap<String, @Nullable Object>();
    var own = plan.methodSettings();
    if (kind.name().equals(plan.methodName())) {
      all.putAll(own);
    } else {
      kind.knobs().stream()
          .map(Knob::name)
          .filter(knob -> SHARED.contains(knob) && own.containsKey(knob))
          .forEach(knob -> all.put(knob, own.get(knob)));
    }
    all.putAll(Settings.section("--methods " + name, settings));
    return plan.withMethod(kind.name(), all);
  }
}
