package dev.anabranch.app.papers;

import dev.anabranch.app.plan.Words;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The folder of published claims: one folder in it for each paper. */
public record Papers(Path folder) {
  /** Set by the launcher: the clone that the command runs from. */
  public static final String HOME = "anabranch.home";

  /** The folder that is named, else that of the clone, else the one in the working directory. */
  public static Papers at(@Nullable Path named) {
    var home = System.getProperty(HOME);
    var folder = named != null ? named : home == null ? Path.of("papers") : Path.of(home, "papers");
    if (!Files.isDirectory(folder)) {
      throw AnabranchException.expected(
          Failure.USAGE, "--papers", folder, "a folder with one folder for each paper");
    }
    return new Papers(folder);
  }

  /** Names of papers with claims. */
  public List<String> names() {
    try (var entries = Files.list(folder)) {
      return entries
          .filter(entry -> Files.isRegularFile(entry.resolve(Claims.FILE)))
          .map(entry -> String.valueOf(entry.getFileName()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The claims of one. */
  public Claims claims(String name) {
    var known = names();
    if (!known.contains(name)) {
      throw AnabranchException.expected(
          Failure.USAGE,
          "METHOD",
          name,
          known.isEmpty() ? "a folder with a claims.yaml in " + folder : Words.hint(name, known));
    }
    return Claims.read(folder.resolve(name));
  }
}
