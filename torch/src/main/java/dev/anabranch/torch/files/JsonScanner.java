package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;

/** The pieces of a JSON text, one after the other. Not thread-safe. */
final class JsonScanner {
  private final String text;
  private final Refusal refusal;
  private int at;

  /** What is thrown where a text is no JSON. */
  interface Refusal {
    AnabranchException at(int place, String found, String expected);
  }

  JsonScanner(String text, Refusal refusal) {
    this.text = text;
    this.refusal = refusal;
  }

  /** The next character that is no blank; it stays. */
  char peek() {
    if (ended()) {
      throw broken("more");
    }
    return text.charAt(at);
  }

  /** Whether nothing but blanks follows. */
  boolean ended() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at == text.length();
  }

  /** Takes this character. */
  void expect(char expected) {
    if (peek() != expected) {
      throw broken("'" + expected + "'");
    }
    at++;
  }

  /** Takes an opening bracket, and the closing one if nothing is between them. */
  boolean opens(char open, char close) {
    expect(open);
    if (peek() != close) {
      return true;
    }
    at++;
    return false;
  }

  /** Takes a comma, or the closing bracket. */
  boolean more(char close) {
    char next = peek();
    if (next != ',' && next != close) {
      throw broken("',' or '" + close + "'");
    }
    at++;
    return next == ',';
  }

  /** Takes a key and its colon. */
  String key() {
    var key = string();
    expect(':');
    return key;
  }

  /** Takes all characters from here on that are among these. */
  String run(String among) {
    int start = at;
    while (at < text.length() && among.indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return text.substring(start, at);
  }

  /** Takes this word. */
  void word(String word) {
    if (!text.startsWith(word, at)) {
      throw broken(word);
    }
    at += word.length();
  }

  String string() {
    expect('"');
    var out = new StringBuilder();
    while (at < text.length() && text.charAt(at) >= ' ') {
      char next = text.charAt(at++);
      if (next == '"') {
        return out.toString();
      }
      out.append(next == '\\' ? escaped() : next);
    }
    throw broken("'\"'");
  }

  private char escaped() {
    char next = at < text.length() ? text.charAt(at++) : ' ';
    return switch (next) {
      case '"', '\\', '/' -> next;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        if (at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
          throw broken("four hexadecimal digits");
        }
        at += 4;
        yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
      }
      default -> throw broken("one of JSON's escapes");
    };
  }

  /** What stands here is not what was expected. */
  AnabranchException broken(String expected) {
    return broken(at < text.length() ? "'" + text.charAt(at) + "'" : "the end", expected);
  }

  AnabranchException broken(String found, String expected) {
    return refusal.at(at, found, expected);
  }
}
