package dev.anabranch.app.papers;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.List;
import java.util.stream.Stream;

/**
 * A figure of one plan beside a figure of another one.
 *
 * @param of the plan that the claim is about
 * @param from what it is measured against
 */
record Operands(String of, Figure figure, String from, Figure fromFigure) {
  static final Knob.Text OF = new Knob.Text("of", "", "The plan that the claim is about.");
  static final Knob.Text FROM = new Knob.Text("from", "", "The plan that it is measured against.");
  static final Knob.OneOf FIGURE =
      new Knob.OneOf("figure", "accuracy", Figure.KINDS, "What is compared.");
  private static final Knob.OneOf FROM_FIGURE =
      new Knob.OneOf(
          "fromFigure",
          "same",
          Stream.concat(
                  Stream.of(Kind.of("same", "the same figure", List.<Knob>of(), s -> "same")),
                  Figure.KINDS.stream())
              .toList(),
          "The figure of that plan.");

  static final List<Knob> KNOBS = List.of(OF, FIGURE, FROM, FROM_FIGURE);

  static Operands read(Settings s) {
    var figure = s.make(FIGURE, Figure.class);
    return new Operands(
        plan(s, OF),
        figure,
        plan(s, FROM),
        s.chosen(FROM_FIGURE).equals("same") ? figure : s.make(FROM_FIGURE, Figure.class));
  }

  /** The name of a plan, which must be given. */
  static String plan(Settings s, Knob.Text knob) {
    var name = s.text(knob);
    Claims.require(
        !name.isEmpty(), s.path() + "." + knob.name(), "missing", "the short name of a plan");
    return name;
  }

  List<String> plans() {
    return List.of(of, from);
  }

  Sample one(Runs runs) {
    return runs.sample(of, figure.value());
  }

  Sample other(Runs runs) {
    return runs.sample(from, fromFigure.value());
  }

  /** {@code accuracy of a}. */
  String nameOfOne() {
    return figure.name() + " of " + of;
  }

  String nameOfOther() {
    return fromFigure.name() + " of " + from;
  }

  /** {@code 2.1 GB against 61.0 GB}. */
  String sides(Runs runs) {
    return one(runs).show(figure.unit()) + " against " + other(runs).show(fromFigure.unit());
  }
}
