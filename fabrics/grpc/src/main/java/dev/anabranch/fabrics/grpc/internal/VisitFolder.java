package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.WholeFile;
import dev.anabranch.fabrics.grpc.internal.proto.Sealed;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where the messages of one visit lie on the coordinator's disk: a folder for each attempt, and a
 * file that says which of them is whole. Of the visit's keeper.
 */
final class VisitFolder {
  private static final String SEALED = "sealed";
  private static final Pattern ATTEMPT = Pattern.compile("attempt-(\\d{1,9})");

  private final Path folder;

  VisitFolder(Path spool, int round, int device) {
    this.folder = round(spool, round).resolve("device-" + String.format("%06d", device));
  }

  private static Path round(Path spool, int round) {
    return spool.resolve("round-" + String.format("%06d", round));
  }

  /** Deletes what was spooled for rounds before this one. */
  static void forgetBefore(Path spool, int round) {
    var first = round(spool, round).getFileName().toString();
    if (!Files.isDirectory(spool)) {
      return;
    }
    try (var rounds = Files.list(spool)) {
      for (var old : rounds.toList()) {
        var name = old.getFileName().toString();
        if (name.startsWith("round-") && name.compareTo(first) < 0) {
          delete(old);
        }
      }
    } catch (IOException e) {
      throw failed(spool, e);
    }
  }

  /** The number after that of every attempt that was begun here. */
  int nextAttempt() {
    int next = 0;
    if (Files.isDirectory(folder)) {
      try (var attempts = Files.list(folder)) {
        for (var attempt : attempts.toList()) {
          var name = ATTEMPT.matcher(attempt.getFileName().toString());
          if (name.matches()) {
            next = Math.max(next, 1 + Integer.parseInt(name.group(1)));
          }
        }
      } catch (IOException e) {
        throw failed(folder, e);
      }
    }
    return next;
  }

  /** The file for what one party sends to the coordinator in an attempt. */
  Path inbox(int attempt, NodeId from) {
    return folder
        .resolve("attempt-" + attempt)
        .resolve(from.toString().replace(' ', '-') + ".inbox");
  }

  /** Frees what an attempt that came to nothing has left; its number stays taken. */
  void drop(int attempt) {
    try (var files = Files.list(folder.resolve("attempt-" + attempt))) {
      for (var file : files.toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      return;
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /**
   * What was sealed here, if anything was.
   *
   * @throws AnabranchException of kind CORRUPT if the file is damaged
   */
  Optional<Sealed> sealed() {
    var file = folder.resolve(SEALED);
    try {
      var sealed = Sealed.parseFrom(Files.readAllBytes(file));
      Defects.of(sealed)
          .ifPresent(defect -> {
            throw damaged(file, defect);
          });
      return Optional.of(sealed);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (InvalidProtocolBufferException e) {
      throw damaged(file, e.getMessage() + " (expected: the seal of a visit)");
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private static AnabranchException damaged(Path file, String defect) {
    return new AnabranchException(
        Failure.CORRUPT,
        "spool " + file + ": " + defect + "; delete the run's spool folder, then resume the run");
  }

  /** Says durably that an attempt is whole. */
  void seal(Sealed sealed) {
    try {
      WholeFile.write(folder.resolve(SEALED), sealed.toByteString().asReadOnlyByteBuffer());
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /** Deletes a folder with all that is in it. */
  static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path dir, @org.jspecify.annotations.Nullable IOException e) throws IOException {
              Files.deleteIfExists(dir);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private static AnabranchException failed(Path folder, IOException e) {
    return new AnabranchException(
        Failure.STORAGE,
        "spool: "
            + folder
            + ": "
            + e.getMessage()
            + " (expected: room and the right to write); make room, then resume the run",
        e);
  }
}
