package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Renders chat templates: the part of Jinja that published ones use, with the settings of Hugging
 * Face ({@code trim_blocks}, {@code lstrip_blocks}). Statements: {@code for} with {@code else} left
 * out, {@code if}, {@code elif}, {@code else}, {@code set}. Anything else is refused by name.
 * Stateless; safe from any thread.
 *
 * <p>A template comes from a file and is not trusted: depth, steps and length of the text are
 * bounded, and nothing of Java can be reached.
 */
public final class Jinja {
  private static final int MAX_DEPTH = 40;
  private static final int MAX_TEMPLATE = 1 << 20;

  /** A part of a template; writes its text. */
  interface Node {
    void render(JinjaScope scope, StringBuilder out);
  }

  private final List<JinjaLexer.Piece> pieces;
  private int at;

  private Jinja(List<JinjaLexer.Piece> pieces) {
    this.pieces = pieces;
  }

  /**
   * Renders a template.
   *
   * @param names its variables: texts, whole numbers, truth values, lists and maps
   * @throws AnabranchException MODEL if the template is broken, uses something that is not
   *     supported, or refuses
   */
  public static String render(String template, Map<String, Object> names) {
    if (template.length() > MAX_TEMPLATE) {
      throw refused(template.length() + " characters", "at most " + MAX_TEMPLATE);
    }
    var parser = new Jinja(JinjaLexer.pieces(template));
    var nodes = parser.body(0);
    if (parser.at < parser.pieces.size()) {
      throw refused("'" + parser.pieces.get(parser.at).text() + "'", "no end without a beginning");
    }
    var out = new StringBuilder();
    var scope = new JinjaScope(names);
    nodes.forEach(node -> node.render(scope, out));
    return out.toString();
  }

  static AnabranchException refused(String what, String expected) {
    return AnabranchException.expected(Failure.MODEL, "chat template", what, expected);
  }

  /** Everything up to an end or a branch of the statement around it. */
  private List<Node> body(int depth) {
    if (depth > MAX_DEPTH) {
      throw refused("deeper", "at most " + MAX_DEPTH + " levels");
    }
    var nodes = new ArrayList<Node>();
    while (at < pieces.size()) {
      var piece = pieces.get(at);
      switch (piece.kind()) {
        case TEXT -> nodes.add((scope, out) -> scope.write(out, piece.text()));
        case PRINT -> {
          var value = JinjaParser.whole(piece.text());
          nodes.add((scope, out) -> scope.write(out, JinjaValues.text(value.of(scope))));
        }
        case STATEMENT -> {
          var word = piece.text().split("\\s", 2)[0];
          if (word.startsWith("end") || word.equals("else") || word.equals("elif")) {
            return nodes;
          }
          nodes.add(statement(word, piece.text().substring(word.length()).strip(), depth));
          continue;
        }
      }
      at++;
    }
    return nodes;
  }

  private Node statement(String word, String rest, int depth) {
    at++;
    return switch (word) {
      case "if" -> branch(rest, depth);
      case "for" -> loop(rest, depth);
      case "set" -> set(rest);
      default -> throw refused("'" + word + "'", "one of for, if and set");
    };
  }

  /** Steps over the piece that a statement must end with; gives its words after the first. */
  private @Nullable String step(String word) {
    if (at < pieces.size()) {
      var text = pieces.get(at).text();
      if (text.equals(word) || text.startsWith(word + " ")) {
        at++;
        return text.substring(word.length()).strip();
      }
    }
    return null;
  }

  private void end(String word) {
    if (step(word) == null) {
      throw refused(
          at < pieces.size() ? "'" + pieces.get(at).text() + "'" : "the end", "'" + word + "'");
    }
  }

  private Node branch(String condition, int depth) {
    var test = JinjaParser.whole(condition);
    var then = body(depth + 1);
    List<Node> otherwise = List.of();
    var next = step("elif");
    if (next != null) {
      otherwise = List.of(branch(next, depth + 1));
    } else {
      if (step("else") != null) {
        otherwise = body(depth + 1);
      }
      end("endif");
    }
    var other = otherwise;
    return (scope, out) ->
        (JinjaValues.truth(test.of(scope)) ? then : other).forEach(node -> node.render(scope, out));
  }

  private Node loop(String head, int depth) {
    var parser = new JinjaParser(head);
    var name = parser.name();
    parser.word("in");
    var values = parser.loopValues();
    var filter = parser.take("if") ? parser.expression() : null;
    parser.end();
    var body = body(depth + 1);
    end("endfor");
    return (scope, out) -> {
      var chosen = new ArrayList<Object>();
      for (var value : JinjaValues.list(values.of(scope))) {
        var inner = scope.inner(name, value);
        if (filter == null || JinjaValues.truth(filter.of(inner))) {
          chosen.add(value);
        }
      }
      for (int i = 0; i < chosen.size(); i++) {
        var inner = scope.inner(name, chosen.get(i));
        inner.set("loop", JinjaValues.loop(i, chosen));
        body.forEach(node -> node.render(inner, out));
      }
    };
  }

  private static Node set(String rest) {
    var parser = new JinjaParser(rest);
    var name = parser.name();
    var field = parser.take(".") ? parser.name() : null;
    parser.symbol("=");
    var value = parser.expression();
    parser.end();
    return (scope, out) -> {
      if (field == null) {
        scope.set(name, value.of(scope));
      } else {
        JinjaValues.setField(scope.get(name), field, value.of(scope));
      }
    };
  }
}
