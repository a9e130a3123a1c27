package dev.anabranch.data.internal;

import static dev.anabranch.data.internal.JinjaValues.Nothing.NONE;

import dev.anabranch.core.AnabranchException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Parses the expressions of a template: texts, whole numbers, lists, names, fields, slices, calls,
 * filters, tests, arithmetic, comparisons, and {@code a if b else c}. Not thread-safe.
 */
final class JinjaParser {
  private static final int MAX_DEPTH = 60;
  private static final int MAX_TOKENS = 1000; // each may be a level of the evaluation
  private static final Pattern TOKENS =
      Pattern.compile(
          "\\s+|([A-Za-z_][A-Za-z_0-9]*)|([0-9]{1,9})|('(?:[^'\\\\]|\\\\.)*+'|\"(?:[^\"\\\\]|\\\\.)*+\")"
              + "|(==|!=|<=|>=|//|[-+~*%<>=.,:|()\\[\\]])",
          Pattern.DOTALL);

  /** A value that depends on the names of its place. */
  interface Expression {
    Object of(JinjaScope scope);
  }

  private final String text;
  private final List<String> tokens = new ArrayList<>();
  private int at;
  private int depth;

  JinjaParser(String text) {
    this.text = text;
    Matcher matcher = TOKENS.matcher(text);
    int end = 0;
    while (end < text.length() && matcher.find(end) && matcher.start() == end) {
      if (!matcher.group().isBlank() || matcher.group(3) != null) {
        tokens.add(matcher.group());
      }
      end = matcher.end();
    }
    if (tokens.size() > MAX_TOKENS) {
      throw Jinja.refused("an expression of " + tokens.size() + " parts", "at most " + MAX_TOKENS);
    }
    if (end < text.length()) {
      throw Jinja.refused("'" + text.substring(end) + "'", "an expression");
    }
  }

  /** An expression and nothing after it. */
  static Expression whole(String text) {
    var parser = new JinjaParser(text);
    var value = parser.expression();
    parser.end();
    return value;
  }

  void end() {
    if (at < tokens.size()) {
      throw broken("the end");
    }
  }

  boolean take(String token) {
    if (peek(token)) {
      at++;
      return true;
    }
    return false;
  }

  private boolean peek(String token) {
    return at < tokens.size() && tokens.get(at).equals(token);
  }

  void symbol(String token) {
    if (!take(token)) {
      throw broken("'" + token + "'");
    }
  }

  void word(String token) {
    symbol(token);
  }

  String name() {
    if (at < tokens.size() && tokens.get(at).matches("[A-Za-z_].*")) {
      return tokens.get(at++);
    }
    throw broken("a name");
  }

  private AnabranchException broken(String expected) {
    return Jinja.refused(
        (at < tokens.size() ? "'" + tokens.get(at) + "'" : "the end") + " in '" + text + "'",
        expected);
  }

  /** The values of a loop: its {@code if} is a filter and no part of them. */
  Expression loopValues() {
    return or();
  }

  Expression expression() {
    if (++depth > MAX_DEPTH) {
      throw broken("at most " + MAX_DEPTH + " levels");
    }
    var value = or();
    if (take("if")) {
      var test = or();
      var other = take("else") ? expression() : (Expression) scope -> "";
      depth--;
      return scope -> JinjaValues.truth(test.of(scope)) ? value.of(scope) : other.of(scope);
    }
    depth--;
    return value;
  }

  private Expression or() {
    var left = and();
    while (take("or")) {
      var first = left;
      var second = and();
      left =
          scope -> {
            var value = first.of(scope);
            return JinjaValues.truth(value) ? value : second.of(scope);
          };
    }
    return left;
  }

  private Expression and() {
    var left = not();
    while (take("and")) {
      var first = left;
      var second = not();
      left =
          scope -> {
            var value = first.of(scope);
            return JinjaValues.truth(value) ? second.of(scope) : value;
          };
    }
    return left;
  }

  private Expression not() {
    boolean inverted = false;
    while (take("not")) {
      inverted = !inverted;
    }
    var value = comparison();
    return inverted ? scope -> !JinjaValues.truth(value.of(scope)) : value;
  }

  private Expression comparison() {
    var left = sum();
    while (at < tokens.size()) {
      var first = left;
      var operator = tokens.get(at);
      if (List.of("==", "!=", "<", "<=", ">", ">=", "in").contains(operator)) {
        at++;
        var second = sum();
        left = scope -> JinjaValues.compare(operator, first.of(scope), second.of(scope));
      } else if (operator.equals("not")
          && at + 1 < tokens.size()
          && tokens.get(at + 1).equals("in")) {
        at += 2;
        var second = sum();
        left = scope -> !JinjaValues.compare("in", first.of(scope), second.of(scope));
      } else {
        break;
      }
    }
    return left;
  }

  private Expression sum() {
    return operators(List.of("+", "-"), () -> operators(List.of("~"), this::product));
  }

  private Expression product() {
    return operators(List.of("*", "//", "%"), this::unary);
  }

  private interface Level {
    Expression parse();
  }

  private Expression operators(List<String> operators, Level next) {
    var left = next.parse();
    while (at < tokens.size() && operators.contains(tokens.get(at))) {
      var operator = tokens.get(at++);
      var first = left;
      var second = next.parse();
      left =
          scope -> {
            scope.step();
            return JinjaValues.operate(operator, first.of(scope), second.of(scope));
          };
    }
    return left;
  }

  private Expression unary() {
    boolean negative = take("-");
    var value = primary();
    while (at < tokens.size()) {
      var next = postfix(value);
      if (next == null) {
        break;
      }
      value = next;
    }
    var positive = value;
    return negative ? scope -> JinjaValues.operate("-", 0L, positive.of(scope)) : value;
  }

  private @Nullable Expression postfix(Expression value) {
    if (take(".")) {
      var field = name();
      return take("(") ? call(value, field) : scope -> JinjaValues.field(value.of(scope), field);
    }
    if (take("[")) {
      return subscript(value);
    }
    if (take("|")) {
      var filter = name();
      var arguments = take("(") ? arguments() : List.<Expression>of();
      return scope -> {
        scope.step();
        return JinjaValues.filter(filter, value.of(scope), values(arguments, scope));
      };
    }
    if (take("is")) {
      boolean inverted = take("not");
      var test = name();
      return scope -> inverted != JinjaValues.test(test, value.of(scope));
    }
    return null;
  }

  private Expression call(Expression value, String method) {
    var arguments = arguments();
    return scope -> {
      scope.step();
      return JinjaValues.call(value.of(scope), method, values(arguments, scope));
    };
  }

  private static List<Object> values(List<Expression> all, JinjaScope scope) {
    return all.stream().map(one -> one.of(scope)).toList();
  }

  private List<Expression> arguments() {
    return list(")");
  }

  private List<Expression> list(String close) {
    var out = new ArrayList<Expression>();
    while (!take(close)) {
      out.add(expression());
      if (!peek(close)) {
        symbol(",");
      }
    }
    return out;
  }

  private Expression subscript(Expression value) {
    var from = peek(":") ? null : expression();
    if (take("]") && from != null) {
      return scope -> JinjaValues.item(value.of(scope), from.of(scope));
    }
    symbol(":");
    var to = peek("]") || peek(":") ? null : expression();
    var step = take(":") && !peek("]") ? expression() : null;
    symbol("]");
    return scope ->
        JinjaValues.slice(
            value.of(scope),
            from == null ? NONE : from.of(scope),
            to == null ? NONE : to.of(scope),
            step == null ? NONE : step.of(scope));
  }

  private Expression primary() {
    if (take("(")) {
      var inside = expression();
      symbol(")");
      return inside;
    }
    if (take("[")) {
      var items = list("]");
      return scope -> new ArrayList<>(values(items, scope));
    }
    if (at == tokens.size()) {
      throw broken("a value");
    }
    var token = tokens.get(at);
    char first = token.charAt(0);
    if (first == '\'' || first == '"') {
      return literal();
    }
    if (first >= '0' && first <= '9') {
      at++;
      Object number = Long.valueOf(token);
      return scope -> number;
    }
    var name = name();
    return switch (name) {
      case "true", "True" -> scope -> true;
      case "false", "False" -> scope -> false;
      case "none", "None" -> scope -> NONE;
      default ->
          take("(")
              ? function(name)
              : scope -> {
                scope.step();
                return scope.get(name);
              };
    };
  }

  /** Neighbouring texts are one, as in Python. */
  private Expression literal() {
    var out = new StringBuilder();
    while (at < tokens.size() && "'\"".indexOf(tokens.get(at).charAt(0)) >= 0) {
      out.append(JinjaValues.unquoted(tokens.get(at++)));
    }
    Object value = out.toString();
    return scope -> value;
  }

  private Expression function(String name) {
    if (name.equals("namespace")) {
      var names = new ArrayList<String>();
      var values = new ArrayList<Expression>();
      while (!take(")")) {
        names.add(name());
        symbol("=");
        values.add(expression());
        if (!peek(")")) {
          symbol(",");
        }
      }
      return scope -> JinjaValues.namespace(names, values(values, scope));
    }
    var arguments = arguments();
    if (name.equals("raise_exception")) {
      return scope -> {
        throw Jinja.refused(
            values(arguments, scope).stream().map(JinjaValues::text).toList().toString(),
            "messages that it takes");
      };
    }
    throw Jinja.refused("function '" + name + "'", "namespace or raise_exception");
  }
}
