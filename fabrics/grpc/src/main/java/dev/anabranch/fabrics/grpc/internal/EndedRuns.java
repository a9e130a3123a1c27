package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What an agent keeps of runs that have ended. A coordinator may die between the end of a run and
 * the moment at which its record is whole, and then asks for memories again; so they stay until
 * another run is offered. Thread-safe.
 *
 * @param folder a folder for each run, and in it a mark if the run has ended
 */
record EndedRuns(Path folder) {
  private static final String MARK = "ended";

  /** The folder of a run. */
  Path of(String run) {
    return folder.resolve(
        Integer.toHexString(run.hashCode()) + "-" + run.replaceAll("[^A-Za-z0-9.-]+", "-"));
  }

  /** A run has ended well. */
  static void mark(Path run) {
    try {
      if (Files.isDirectory(run)) {
        Files.write(run.resolve(MARK), new byte[0]);
      }
    } catch (IOException e) {
      throw failed(run, e);
    }
  }

  /** A run is offered, perhaps again: it goes on, and those that have ended are forgotten. */
  synchronized void offered(String run) {
    var offered = of(run);
    try {
      Files.deleteIfExists(offered.resolve(MARK));
      if (Files.isDirectory(folder)) {
        try (var runs = Files.list(folder)) {
          runs.filter(other -> !other.equals(offered) && Files.exists(other.resolve(MARK)))
              .forEach(VisitFolder::delete);
        }
      }
    } catch (IOException e) {
      throw failed(offered, e);
    }
  }

  private static AnabranchException failed(Path path, IOException e) {
    return new AnabranchException(
        Failure.STORAGE,
        "memories: " + path + ": " + e.getMessage() + " (expected: the right to read and write)",
        e);
  }
}
