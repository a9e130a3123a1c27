package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarGzTest {
  @TempDir Path folder = Path.of("");

  private static byte[] entry(String name, String content) {
    byte[] text = content.getBytes(StandardCharsets.UTF_8);
    byte[] out = new byte[512 + (text.length + 511) / 512 * 512];
    put(out, 0, name);
    put(out, 124, "%011o".formatted(text.length));
    put(out, 148, "        ");
    out[156] = '0';
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += out[i] & 0xFF;
    }
    put(out, 148, "%06o".formatted(sum));
    out[154] = 0;
    System.arraycopy(text, 0, out, 512, text.length);
    return out;
  }

  private static void put(byte[] out, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, out, at, bytes.length);
  }

  private Map<String, String> read(byte[]... parts) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bytes)) {
      for (byte[] part : parts) {
        gzip.write(part);
      }
    }
    var file = Files.write(folder.resolve("a.tgz"), bytes.toByteArray());
    Map<String, String> found = new LinkedHashMap<>();
    TarGz.read(
        file,
        new TarGz.Visitor() {
          @Override
          public boolean wants(String name) {
            return name.endsWith(".json");
          }

          @Override
          public void file(String name, byte[] content) {
            found.put(name, new String(content, StandardCharsets.UTF_8));
          }
        });
    return found;
  }

  @Test
  void files_areReadAndOthersSkipped() throws IOException {
    var content = "x".repeat(512);
    assertThat(
            read(
                entry("p/a.json", "one"),
                entry("p/b.txt", "two".repeat(400)),
                entry("p/c.json", content),
                new byte[1024]))
        .containsExactly(Map.entry("p/a.json", "one"), Map.entry("p/c.json", content));
  }

  @Test
  void damage_isNoticed() {
    byte[] sound = entry("a.json", "content");
    assertThatThrownBy(() -> read(Arrays.copyOf(sound, 515))).hasMessage("archive: ends early");
    assertThatThrownBy(() -> read(sound)).hasMessage("archive: ends early");
    byte[] renamed = sound.clone();
    renamed[0] = 'b';
    assertThatThrownBy(() -> read(renamed)).hasMessage("archive: a header with a wrong checksum");
    byte[] size = sound.clone();
    put(size, 124, "77777777777");
    int more = sum("77777777777") - sum("00000000007");
    put(size, 148, "%06o".formatted(Integer.parseInt(text(sound, 148, 6), 8) + more));
    assertThatThrownBy(() -> read(size))
        .hasMessage("archive: a file of 8589934591 bytes (at most 67108864)");
  }

  private static int sum(String text) {
    return text.chars().sum();
  }

  private static String text(byte[] bytes, int at, int length) {
    return new String(bytes, at, length, StandardCharsets.US_ASCII);
  }
}
