package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/**
 * The tokenizer of a model that comes without a {@code tokenizer.json}: the one inside a GGUF file,
 * or the one beside a file of llama2.c, as the files that Hugging Face's libraries read.
 */
public final class TokenizerFiles {
  private TokenizerFiles() {}

  /**
   * The texts of {@code tokenizer.json} and {@code tokenizer_config.json}, by name.
   *
   * @param model a {@code .gguf} file, or a {@code .bin} file of llama2.c with {@code
   *     tokenizer.bin}, or a {@code tok….bin} that is named after the size of the vocabulary,
   *     beside it
   * @throws AnabranchException MODEL if there is no tokenizer or it is not supported, CORRUPT if it
   *     is damaged
   */
  public static Map<String, String> of(Path model) {
    if (String.valueOf(model.getFileName()).endsWith(".gguf")) {
      try (var file = Gguf.open(model)) {
        return GgufTokenizer.files(file);
      }
    }
    return Llama2cTokenizer.files(beside(model));
  }

  private static Path beside(Path model) {
    try (var file = Pretrained.open(model)) {
      var names =
          file.config().get("vocab_size") instanceof Double size
              ? List.of("tokenizer.bin", "tok" + size.intValue() + ".bin")
              : List.of("tokenizer.bin");
      return names.stream()
          .map(model::resolveSibling)
          .filter(Files::isRegularFile)
          .findFirst()
          .orElseThrow(() ->
              AnabranchException.expected(
                  Failure.MODEL,
                  "tokenizer of " + file.name(),
                  "missing",
                  "one of " + names + " beside it"));
    }
  }

  /**
   * Writes both files into a folder, each whole or not at all.
   *
   * @return the {@code tokenizer.json}
   * @throws AnabranchException as {@link #of}, STORAGE if the folder cannot be written
   */
  public static Path write(Path model, Path folder) {
    var texts = of(model);
    try {
      Files.createDirectories(folder);
      for (var name : List.of(TokenizerJson.CONFIG, TokenizerJson.FILE)) {
        var part = Files.createTempFile(folder, name, ".part");
        Files.writeString(part, texts.getOrDefault(name, "{}"), StandardCharsets.UTF_8);
        Files.move(
            part,
            folder.resolve(name),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
      return folder.resolve(TokenizerJson.FILE);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, folder + ": " + e + " (expected: a folder that can be written)", e);
    }
  }
}
