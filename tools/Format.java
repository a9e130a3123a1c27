import com.google.googlejavaformat.java.Formatter;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Formats the Java sources of the tree, or checks that they are formatted.
 *
 * <p>Usage: {@code Format check|write ROOT}. Only files newer than the last clean run are read.
 */
final class Format {
  private static final Set<String> SKIPPED = Set.of("target", "runs", "node_modules");

  public static void main(String[] args) throws IOException {
    boolean write = args[0].equals("write");
    Path root = Path.of(args[1]).toAbsolutePath().normalize();
    Path stamp = root.resolve("target/formatter/clean.stamp");
    // Taken before the first read, so that a file edited meanwhile is seen next time.
    FileTime started = FileTime.from(Instant.now());
    Queue<String> bad = new ConcurrentLinkedQueue<>();
    changed(root, stamp).parallelStream().forEach(file -> visit(root, file, write, bad));
    if (!bad.isEmpty()) {
      bad.stream().sorted().forEach(line -> System.err.println("format: " + line));
      System.err.println("format: " + bad.size() + " file(s); `make format` rewrites them");
      System.exit(1);
    }
    Files.createDirectories(stamp.getParent());
    Files.write(stamp, new byte[0]);
    Files.setLastModifiedTime(stamp, started);
  }

  private static List<Path> changed(Path root, Path stamp) throws IOException {
    FileTime since =
        Files.exists(stamp) ? Files.getLastModifiedTime(stamp) : FileTime.fromMillis(0);
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
            String name = dir.getFileName().toString();
            boolean skip = !dir.equals(root) && (SKIPPED.contains(name) || name.startsWith("."));
            return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")
                && attributes.lastModifiedTime().compareTo(since) >= 0) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return found;
  }

  private static void visit(Path root, Path file, boolean write, Queue<String> bad) {
    try {
      String before = Files.readString(file);
      String after = new Formatter().formatSourceAndFixImports(before);
      if (before.equals(after)) {
        return;
      }
      if (write) {
        Files.writeString(file, after);
      } else {
        bad.add(root.relativize(file) + " is not formatted");
      }
    } catch (Exception e) {
      bad.add(root.relativize(file) + ": " + e.getMessage());
    }
  }
}
