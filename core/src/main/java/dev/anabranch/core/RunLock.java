package dev.anabranch.core;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a run folder to one process at a time; held until it is closed or the process ends. */
public final class RunLock implements AutoCloseable {
  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the folder, which is made if it is not there.
   *
   * @throws AnabranchException of kind {@link Failure#IN_USE} if another run holds it
   */
  public static RunLock take(Path runFolder) {
    try {
      Files.createDirectories(runFolder);
      var channel =
          FileChannel.open(
              runFolder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!locks(channel)) {
        channel.close();
        throw AnabranchException.expected(
            Failure.IN_USE, "run folder", runFolder, "not in use; another process holds it");
      }
      return new RunLock(channel);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          "run folder: "
              + runFolder
              + ": "
              + e.getMessage()
              + " (expected: a folder that can be written)",
          e);
    }
  }

  private static boolean locks(FileChannel channel) throws IOException {
    try {
      // The lock lives as long as the channel.
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, "run folder: lock: " + e.getMessage() + " (expected: released)", e);
    }
  }
}
