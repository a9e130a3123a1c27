package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MailTextTest {
  @Test
  void text_isSubjectFromAndBodyWithoutMarkup() {
    var mail =
        """
        From someone Thu Aug 22 12:36:23 2002
        Received: from a
        from: A <a@example.org>
        SUBJECT: a long
        \tsubject
        Subject: another

        <html><STYLE>p { x: y }</style><script>
        if (a < b) {}
        </script>Buy&nbsp;now,<br>50&#37; off &amp; more
        """;
    assertThat(MailText.of(mail, 2000))
        .isEqualTo("a long subject A <a@example.org> Buy now, 50% off & more");
  }

  @Test
  void text_mayLackAnything() {
    assertThat(MailText.of("", 10)).isEmpty();
    assertThat(MailText.of("X: y\n\nbody", 10)).isEqualTo("body");
    assertThat(MailText.of("Subject: s", 10)).isEqualTo("s");
  }

  @Test
  void text_isCutAtCharactersNotWithinThem() {
    assertThat(MailText.of("\n\n😀😀😀", 2)).isEqualTo("😀😀");
  }

  /** As browsers and Python's html.unescape read them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "&lt;b&gt;|<b>",
        "&copy2002|©2002",
        "?a=1&notit=2|?a=1¬it=2",
        "&euro;&euro|€&euro",
        "&#8364;&#x20AC|€€",
        "&#146;&#0;|’\uFFFD",
        "&#99999999999;|\uFFFD",
        "&#1;x|x",
        "&unknown;|&unknown;",
        "AT&T &|AT&T &",
        "&rang;&apos;|⟩'",
      })
  void reference_becomesItsCharacter(String text, String decoded) {
    assertThat(Entities.decode(text)).isEqualTo(decoded);
  }
}
