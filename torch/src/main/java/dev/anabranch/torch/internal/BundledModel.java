package dev.anabranch.torch.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A model file that lies in a jar, copied once to the user's cache so that it can be mapped.
 *
 * <p>The copy's SHA-256 is checked against the expected one on every use; a wrong copy is written
 * again, a wrong resource is refused. Safe against other processes: a file lock, and an atomic
 * move.
 *
 * @param resource name on the class path
 * @param sha256 of the file, in hexadecimal
 */
public record BundledModel(String resource, String sha256) {
  public static final BundledModel MINILM =
      new BundledModel(
          "all-minilm-l6-v2.onnx",
          "ca46f1a88a9c6e61b918af1ab38be3e7903b986616551f0a6f10a7ecc5730cd4");
  public static final BundledModel BGE_SMALL =
      new BundledModel(
          "bge-small-en-v1.5.onnx",
          "828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35");
  public static final BundledModel E5_SMALL =
      new BundledModel(
          "e5-small-v2.onnx", "b2a43b66f7f9b6f29643a21340ad7c03d2d91e6bd5d43429a77799a9ee880eb0");

  /** The checked file in the cache. */
  public Path file(Path cache) throws IOException {
    Path folder = Files.createDirectories(cache.resolve("models"));
    Path file = folder.resolve(sha256.substring(0, 12) + "-" + resource);
    try (var channel =
            FileChannel.open(
                folder.resolve(resource + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        var held = channel.lock()) {
      if (!Files.exists(file) || !sha256.equals(digest(file))) {
        copy(folder, file);
      }
    }
    return file;
  }

  private void copy(Path folder, Path file) throws IOException {
    Path part = Files.createTempFile(folder, resource, ".part");
    try (InputStream in = BundledModel.class.getClassLoader().getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException(resource + ": missing (expected: the model's jar on the class path)");
      }
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      String found = digest(part);
      if (!found.equals(sha256)) {
        throw new IOException(resource + ": SHA-256 " + found + " (expected: " + sha256 + ")");
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static String digest(Path file) throws IOException {
    try {
      var sha = MessageDigest.getInstance("SHA-256");
      try (var in = new DigestInputStream(Files.newInputStream(file), sha)) {
        byte[] buffer = new byte[1 << 16];
        while (in.read(buffer) >= 0) {}
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256: missing (expected: in every Java platform)", e);
    }
  }
}
