package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.torch.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A model that lies in a jar, copied once to the user's cache so that it can be mapped.
 *
 * <p>The copies' SHA-256 are checked against the pinned ones on every use; a wrong copy is written
 * again, a wrong resource is refused. Safe against other processes: a file lock, and an atomic
 * move.
 *
 * @param name as in a plan
 * @param model the ONNX file on the class path
 * @param tokenizer its {@code tokenizer.json} on the class path
 */
public record BundledModel(String name, Resource model, Resource tokenizer) {
  /**
   * A file on the class path.
   *
   * @param sha256 of it, in lower-case hexadecimal digits
   */
  public record Resource(String path, String sha256) {}

  public static final BundledModel MINILM =
      new BundledModel(
          "all-minilm-l6-v2",
          new Resource(
              "all-minilm-l6-v2.onnx",
              "ca46f1a88a9c6e61b918af1ab38be3e7903b986616551f0a6f10a7ecc5730cd4"),
          new Resource(
              "all-minilm-l6-v2-tokenizer.json",
              "754fbace50a65eb13073189fde35f561d96d630920b6a65bbf8dbadf9a4896c3"));
  public static final BundledModel BGE_SMALL =
      new BundledModel(
          "bge-small-en-v15",
          new Resource(
              "bge-small-en-v1.5.onnx",
              "828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35"),
          new Resource(
              "bge-small-en-v1.5-tokenizer.json",
              "ffb28886478b9b17a8c06f4fe6741b970d5dd3de13330ccc3b9f686df8a0545a"));
  public static final BundledModel E5_SMALL =
      new BundledModel(
          "e5-small-v2",
          new Resource(
              "e5-small-v2.onnx",
              "b2a43b66f7f9b6f29643a21340ad7c03d2d91e6bd5d43429a77799a9ee880eb0"),
          new Resource(
              "e5-small-v2-tokenizer.json",
              "ffb28886478b9b17a8c06f4fe6741b970d5dd3de13330ccc3b9f686df8a0545a"));

  /** How a plan names it. */
  public Kind<ModelSource> kind(String about) {
    return Kind.of(name, about, List.of(), settings -> source(LibTorch.cache()));
  }

  /**
   * The checked files in a cache.
   *
   * @throws AnabranchException MODEL if the model's jar is not there, CORRUPT if it is not the one
   *     that was published, STORAGE if the cache cannot be written
   */
  public ModelSource source(Path cache) {
    try {
      Path folder = Files.createDirectories(cache.resolve("models"));
      try (var channel =
              FileChannel.open(
                  folder.resolve(name + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          var held = channel.lock()) {
        return new ModelSource(name, file(folder, model), file(folder, tokenizer), model.sha256());
      }
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          "cache: " + cache + ": " + e + " (expected: a folder that can be written)",
          e);
    }
  }

  private Path file(Path folder, Resource resource) throws IOException {
    Path file = folder.resolve(resource.sha256().substring(0, 12) + "-" + resource.path());
    if (!Files.exists(file) || !resource.sha256().equals(Digests.sha256(file))) {
      copy(resource, folder, file);
    }
    return file;
  }

  private void copy(Resource resource, Path folder, Path file) throws IOException {
    Path part = Files.createTempFile(folder, resource.path(), ".part");
    try (InputStream in =
        BundledModel.class.getClassLoader().getResourceAsStream(resource.path())) {
      if (in == null) {
        throw AnabranchException.expected(
            Failure.MODEL,
            "model '" + name + "'",
            resource.path() + " is missing",
            "the jar langchain4j-embeddings-" + name + " on the class path");
      }
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      String found = Digests.sha256(part);
      if (!found.equals(resource.sha256())) {
        throw AnabranchException.expected(
            Failure.CORRUPT, resource.path() + ": SHA-256", found, resource.sha256());
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
