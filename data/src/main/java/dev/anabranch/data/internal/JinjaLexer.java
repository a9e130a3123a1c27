package dev.anabranch.data.internal;

import java.util.ArrayList;
import java.util.List;

/** Cuts a template into text, {@code {{ }}} and {@code {% %}}, with the white space settled. */
final class JinjaLexer {
  enum Kind {
    TEXT,
    PRINT,
    STATEMENT
  }

  /** What stands between the braces, or plain text. */
  record Piece(Kind kind, String text) {}

  private JinjaLexer() {}

  static List<Piece> pieces(String template) {
    var all = template.replace("\r\n", "\n");
    if (all.endsWith("\n")) {
      all = all.substring(0, all.length() - 1); // as Jinja does
    }
    var out = new ArrayList<Piece>();
    int at = 0;
    boolean strip = false; // the tag before ended with -
    boolean trim = false; // it was a statement or a comment: one line end goes with it
    while (at < all.length()) {
      int open = open(all, at);
      var text = all.substring(at, open);
      boolean tag = open < all.length();
      boolean dash = tag && all.startsWith("-", open + 2);
      if (strip) {
        text = text.stripLeading();
      } else if (trim && text.startsWith("\n")) {
        text = text.substring(1);
      }
      if (dash) {
        text = text.stripTrailing();
      } else if (tag && all.charAt(open + 1) != '{' && !all.startsWith("+", open + 2)) {
        text = withoutIndent(text, at == 0 || trim && all.charAt(at) == '\n');
      }
      if (!text.isEmpty()) {
        out.add(new Piece(Kind.TEXT, text));
      }
      if (!tag) {
        break;
      }
      var close = all.charAt(open + 1) == '{' ? "}}" : all.charAt(open + 1) == '%' ? "%}" : "#}";
      int end = close(all, open + 2, close);
      var inside = all.substring(open + 2, end);
      strip = inside.endsWith("-");
      trim = !close.equals("}}");
      inside = inside.substring(dash || inside.startsWith("+") ? 1 : 0);
      inside = (strip && !inside.isEmpty() ? inside.substring(0, inside.length() - 1) : inside);
      if (!close.equals("#}")) {
        out.add(new Piece(close.equals("}}") ? Kind.PRINT : Kind.STATEMENT, inside.strip()));
      }
      at = end + 2;
    }
    return out;
  }

  private static int open(String all, int from) {
    for (int i = from; i + 1 < all.length(); i++) {
      char next = all.charAt(i + 1);
      if (all.charAt(i) == '{' && (next == '{' || next == '%' || next == '#')) {
        return i;
      }
    }
    return all.length();
  }

  /** The end of a tag; quotes hide it. */
  private static int close(String all, int from, String close) {
    char quote = 0;
    for (int i = from; i + 1 < all.length(); i++) {
      char c = all.charAt(i);
      if (quote != 0 && c == '\\') {
        i++;
      } else if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (!close.equals("#}") && (c == '"' || c == '\'')) {
        quote = c;
      } else if (all.startsWith(close, i)) {
        return i;
      }
    }
    throw Jinja.refused("no end", "'" + close + "'");
  }

  /** A statement takes the blanks before it along if nothing else stands on its line. */
  private static String withoutIndent(String text, boolean atLineStart) {
    int end = text.length();
    while (end > 0 && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
      end--;
    }
    boolean alone = end == 0 ? atLineStart : text.charAt(end - 1) == '\n';
    return alone ? text.substring(0, end) : text;
  }
}
