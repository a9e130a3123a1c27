package dev.anabranch.data.internal;

import java.util.regex.Pattern;

/**
 * What a mail says: its headers Subject and From and its body without markup, white space
 * collapsed.
 *
 * <p>Headers are taken as they stand, without decoding of encoded words; so is the body, without
 * decoding of transfer encodings: the text of a mail must not depend on how well a mail is formed.
 */
public final class MailText {
  private static final Pattern UNSEEN =
      Pattern.compile("<(script|style).*?</\\1>", Pattern.DOTALL | Pattern.CASE_INSENSITIVE);
  private static final Pattern TAG = Pattern.compile("<[^>]+>");

  private MailText() {}

  /**
   * Reads a mail.
   *
   * @param mail headers, an empty line, the body
   * @param characters the most Unicode characters of the result
   */
  public static String of(String mail, int characters) {
    int blank = mail.indexOf("\n\n");
    var head = blank < 0 ? mail : mail.substring(0, blank + 1);
    var body = blank < 0 ? "" : mail.substring(blank + 2);
    body = UNSEEN.matcher(body).replaceAll(" ");
    body = Entities.decode(TAG.matcher(body).replaceAll(" "));
    var text = collapse(header(head, "subject:") + " " + header(head, "from:") + " " + body);
    return text.codePointCount(0, text.length()) <= characters
        ? text
        : text.substring(0, text.offsetByCodePoints(0, characters));
  }

  /**
   * The value of the first header of that name with its continuation lines; empty if there is none.
   */
  private static String header(String head, String name) {
    var value = new StringBuilder();
    boolean inside = false;
    for (var line : (Iterable<String>) head.lines()::iterator) {
      if (inside && (line.startsWith(" ") || line.startsWith("\t"))) {
        value.append(' ').append(line);
      } else if (inside) {
        break;
      } else if (line.regionMatches(true, 0, name, 0, name.length())) {
        inside = true;
        value.append(line, name.length(), line.length());
      }
    }
    return value.toString();
  }

  private static String collapse(String text) {
    var out = new StringBuilder(text.length());
    boolean gap = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085') {
        gap = !out.isEmpty();
      } else {
        if (gap) {
          out.append(' ');
          gap = false;
        }
        out.append(c);
      }
    }
    return out.toString();
  }
}
