package dev.anabranch.app.plan;

import dev.anabranch.core.Knob;
import java.util.List;
import java.util.stream.Stream;

/**
 * One mapping of a run plan: its settings and the mappings within it.
 *
 * @param name its key; empty for the plan itself
 * @param about one sentence
 */
record Section(String name, String about, List<Knob> knobs, List<Section> sections) {
  Section {
    knobs = List.copyOf(knobs);
    sections = List.copyOf(sections);
  }

  List<String> keys() {
    return Stream.concat(knobs.stream().map(Knob::name), sections.stream().map(Section::name))
        .toList();
  }
}
