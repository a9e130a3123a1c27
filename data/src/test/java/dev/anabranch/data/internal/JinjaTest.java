package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected texts are those of Jinja2 3.1 with {@code trim_blocks} and {@code lstrip_blocks}. */
class JinjaTest {
  private static final Map<String, Object> NAMES =
      Map.of(
          "messages",
          List.of(
              Map.of("role", "system", "content", " Be brief. "),
              Map.of("role", "user", "content", "Hi"),
              Map.of("role", "assistant", "content", "Hello")),
          "add_generation_prompt",
          true,
          "bos_token",
          "<s>",
          "n",
          3L);

  private static String render(String template) {
    return Jinja.render(template, NAMES);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '§',
      quoteCharacter = '`',
      textBlock =
          """
          {{ bos_token + 'a' ~ n }} § <s>a3
          {{ 'x' if n > 2 and not n == 4 else 'y' }} § x
          {{ messages[0]['role'] }}{{ messages[-1].content }} § systemHello
          {{ messages[1:][0].role }}{{ 'abc'[::-1] }} § usercba
          {{ messages[0].content.strip() }} § Be brief.
          {{ 2 + 3 * 4 - 10 // 4 }} {{ -7 % 3 }} § 12 2
          {{ 'user' in ['user', 'system'] }} {{ 'z' not in 'xyz' }} § True False
          {{ x is defined }} {{ messages is defined }} {{ none is none }} § False True True
          {% if x %}a{% elif n %}b{% else %}c{% endif %} § b
          {% for m in messages %}{{ loop.index }}{{ m.role[0] }}{% if not loop.last %},{% endif %}{% endfor %} § 1s,2u,3a
          {% for m in messages if m.role != 'user' %}{{ loop.index0 }}{{ loop.first }} {% endfor %}. § 0True 1False .
          {% set ns = namespace(found=false) %}{% for m in messages %}{% set ns.found = true %}{% endfor %}{{ ns.found }} § True
          {% set x = 1 %}{% for m in messages %}{% set x = 2 %}{% endfor %}{{ x }} § 1
          {{ 'it\\'s' }}{{ "\\"" }}{{ 'a' 'b' }} § it's"ab
          {{ messages | length }}{{ 'aB'|upper }}{{ ['x', 'y']|join('-') }}{{ (messages|last).role }} § 3ABx-yassistant
          {# nothing #}{{ '%}' }} § %}
          {{ messages[0].get('name', 'none given') }} § none given
          {{ missing }}{{ messages[9] }}{{ messages[0].missing }}. § .
          """)
  void rendersAsJinja(String template, String expected) {
    assertThat(render(template).strip()).isEqualTo(expected);
  }

  @Test
  void settlesWhiteSpaceAsHuggingFaceDoes() {
    assertThat(render("a\n  {% if n %}\n  b\n  {% endif %}\nc\n")).isEqualTo("a\n  b\nc");
    assertThat(render("a \n {%- if n -%} \n b \n {%- endif %}\n\n c")).isEqualTo("ab\n c");
    assertThat(render("a {{- n -}} b")).isEqualTo("a3b");
    assertThat(render("a\n  {# x #}\nb {{ n }}\nc")).isEqualTo("a\nb 3\nc");
    assertThat(render("x {% if n %} y {% endif %} z")).isEqualTo("x  y  z");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '§',
      quoteCharacter = '`',
      textBlock =
          """
          {% macro f() %}{% endmacro %} § chat template: 'macro' (expected: one of for, if and set)
          {{ n ! tojson }} § chat template: '! tojson' (expected: an expression)
          {{ strftime_now('%Y') }} § chat template: function 'strftime_now' (expected: namespace or raise_exception)
          {{ raise_exception('no tools') }} § chat template: [no tools] (expected: messages that it takes)
          {{ messages }} § chat template: a list as text (expected: a text or a number)
          {{ missing.role }} § chat template: field 'role' of a name that is not defined (expected: a map)
          {{ 'a' + n }} § chat template: a text + a number (expected: two texts or two numbers)
          {{ n // 0 }} § chat template: a division by 0 (expected: another number)
          {{ 'a § chat template: no end (expected: '}}')
          {% if n %} § chat template: the end (expected: 'endif')
          {% endif %} § chat template: 'endif' (expected: no end without a beginning)
          {{ (n }} § chat template: the end in '(n' (expected: ')')
          {{ n is even }} § chat template: test 'even' (expected: defined, none, string or the like)
          {{ messages[0].__class__() }} § chat template: method '__class__' of a map
          """)
  void whatIsNotSupportedIsNamed(String template, String text) {
    assertThatThrownBy(() -> render(template))
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith(text)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.MODEL);
  }

  @Test
  void aFilterThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> render("{{ n|tojson }}"))
        .hasMessageStartingWith("chat template: filter 'tojson' (expected: trim, upper");
  }

  @Test
  void nothingRunsWithoutEnd() {
    var loop = new StringBuilder();
    for (int i = 0; i < 14; i++) {
      loop.append("{% for a in messages %}");
    }
    loop.append("{{ n }}").append("{% endfor %}".repeat(14));
    assertThatThrownBy(() -> render(loop.toString())).hasMessageContaining("1000000 steps");
    var doubled =
        "{% set ns = namespace(x='aaaaaaaa') %}"
            + "{% set ns.x = ns.x + ns.x %}".repeat(40)
            + "{{ ns.x }}";
    assertThatThrownBy(() -> render(doubled)).hasMessageContaining("beyond 4194304 characters");
    assertThatThrownBy(() -> render("{% if n %}".repeat(100))).hasMessageContaining("40 levels");
    assertThatThrownBy(() -> render("{{ " + "(".repeat(500) + " }}"))
        .hasMessageContaining("60 levels");
    assertThatThrownBy(() -> render("{{ n" + " + n".repeat(5000) + " }}"))
        .hasMessageContaining("an expression of 10001 parts");
    assertThatThrownBy(() -> render("{{ " + "[".repeat(500) + " }}"))
        .hasMessageContaining("60 levels");
  }

  @Provide
  Arbitrary<String> templates() {
    return Arbitraries.of(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "-",
            " ",
            "\n",
            "if",
            "for",
            "in",
            "set",
            "endif",
            "endfor",
            "else",
            "elif",
            "messages",
            "n",
            "loop",
            ".",
            "first",
            "[",
            "]",
            "(",
            ")",
            ":",
            "1",
            "'a'",
            "\"",
            "|",
            "trim",
            "length",
            "=",
            "==",
            "+",
            "~",
            "%",
            "//",
            "0",
            "is",
            "not",
            "defined",
            ",",
            "x",
            "namespace")
        .list()
        .ofMaxSize(25)
        .map(parts -> String.join(" ", parts));
  }

  @Property(tries = 3000)
  void anythingIsRenderedOrRefused(@ForAll("templates") String template) {
    try {
      assertThat(render(template)).isNotNull();
    } catch (AnabranchException e) {
      assertThat(e).hasMessageStartingWith("chat template: ").hasMessageContaining("(expected: ");
    }
  }
}
