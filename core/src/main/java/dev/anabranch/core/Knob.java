package dev.anabranch.core;

import java.util.List;

/**
 * One setting of a run plan: its name, default, range and a sentence. The same declaration reads
 * the plan, fills in defaults, prints the lists and writes the JSON Schema.
 */
public sealed interface Knob {
  String name();

  /** One sentence for lists and for the schema. */
  String about();

  /** The default as it stands in a filled-in plan. */
  Object standard();

  /** A whole number within {@code [min, max]}. */
  record Int(String name, long standardValue, long min, long max, String about) implements Knob {
    @Override
    public Object standard() {
      return standardValue;
    }
  }

  /** A real number within {@code [min, max]}. */
  record Real(String name, double standardValue, double min, double max, String about)
      implements Knob {
    @Override
    public Object standard() {
      return standardValue;
    }
  }

  record Flag(String name, boolean standardValue, String about) implements Knob {
    @Override
    public Object standard() {
      return standardValue;
    }
  }

  /** Free text; the empty text means "not given". */
  record Text(String name, String standardValue, String about) implements Knob {
    @Override
    public Object standard() {
      return standardValue;
    }
  }

  /** One of a closed list of words. */
  record Choice(String name, String standardValue, List<String> values, String about)
      implements Knob {
    @Override
    public Object standard() {
      return standardValue;
    }
  }

  /** A list of words. */
  record Words(String name, List<String> standardValue, String about) implements Knob {
    @Override
    public Object standard() {
      return standardValue;
    }
  }

  /**
   * A nested choice: a name alone, or a name with settings of its own, such as {@code lora: {r:
   * 8}}.
   */
  record OneOf(String name, String standardValue, List<? extends Kind<?>> kinds, String about)
      implements Knob {
    @Override
    public Object standard() {
      return standardValue;
    }
  }
}
