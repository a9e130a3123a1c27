package dev.anabranch.torch;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.internal.Formats;
import dev.anabranch.torch.internal.MergedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What a run has trained, in folders that {@code transformers} and {@code peft} read.
 *
 * <p>Differs from their models: a classifier that reads the mean or the first token without the
 * pooler has no class in {@code transformers}, so its code, {@code anabranch_bert.py}, lies in the
 * folder.
 *
 * @param source the model that was trained
 * @param task what for
 * @param classes their names, by index
 * @param use what was trained where
 * @param trained all trained variables
 */
public record HuggingFaceExport(
    ModelSource source,
    TorchEngine.Task task,
    List<String> classes,
    ModelUse use,
    TensorMap trained) {
  private static final String CODE = "anabranch_bert";

  /** Where models that have a name of their own are published. */
  private static final Map<String, String> PUBLISHED =
      Map.of(
          "all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2",
          "bge-small-en-v15", "BAAI/bge-small-en-v1.5",
          "e5-small-v2", "intfloat/e5-small-v2");

  /**
   * Writes a PEFT adapter into an empty folder.
   *
   * @throws AnabranchException UNSUPPORTED for what PEFT has no form for, STORAGE if the folder
   *     cannot be written
   */
  public void adapter(Path folder) {
    var parts = use.trained().values().stream().flatMap(p -> BertShapes.flat(p).stream()).toList();
    var kinds = parts.stream().filter(HuggingFaceExport::counts).distinct().toList();
    var how = kinds.size() == 1 ? kinds.getFirst() : new Parameterisation.Combined(kinds);
    new PeftFolder(base(), how, trained).write(folder, source, task);
    write(
        folder,
        "from peft import PeftModel\n"
            + "from "
            + (ownClass() ? CODE : "transformers")
            + " import "
            + className()
            + "\n\nbase = "
            + className()
            + ".from_pretrained(\""
            + base()
            + "\""
            + (language() ? "" : ", num_labels=" + classes.size())
            + ")\n"
            + (source.keepLayers().isEmpty()
                ? ""
                : "# the adapter is for the layers " + source.keepLayers() + " of it alone\n")
            + "model = PeftModel.from_pretrained(base, \".\").eval()\n");
  }

  private static boolean counts(Parameterisation how) {
    return !(how instanceof Parameterisation.Frozen || how instanceof Parameterisation.HeadOnly);
  }

  /**
   * Writes the whole model, with what was trained put into its weights, into an empty folder.
   *
   * @throws AnabranchException UNSUPPORTED for what cannot be put into weights, STORAGE if the
   *     folder cannot be written
   */
  public void merged(Path folder) {
    new MergedWriter(folder, source, task, classes, use, trained)
        .write(className(), ownClass() ? CODE + "." + className() : "");
    var auto = language() ? "AutoModelForCausalLM" : "AutoModelForSequenceClassification";
    write(
        folder,
        "from transformers import "
            + auto
            + "\n\nmodel = "
            + auto
            + ".from_pretrained(\".\""
            + (ownClass() ? ", trust_remote_code=True" : "")
            + ").eval()\n");
  }

  private boolean language() {
    return task.pooling() == Pooling.NONE;
  }

  private boolean bert() {
    return Formats.isBert(source);
  }

  private String base() {
    var file = source.file().toAbsolutePath();
    boolean inFolder = file.toString().endsWith(".safetensors");
    var base = inFolder ? Objects.requireNonNull(file.getParent()) : file;
    return PUBLISHED.getOrDefault(source.name(), base.toString());
  }

  private boolean ownClass() {
    return bert() && task.pooling() != Pooling.POOLER;
  }

  private String className() {
    if (!bert()) {
      return language() ? "AutoModelForCausalLM" : "AutoModelForSequenceClassification";
    }
    return switch (task.pooling()) {
      case POOLER -> "BertForSequenceClassification";
      case MEAN -> "MeanBertForSequenceClassification";
      case CLS -> "FirstBertForSequenceClassification";
      case PROMPT, NONE ->
          throw AnabranchException.expected(
              Failure.UNSUPPORTED,
              "task.pooling",
              task.pooling().name().toLowerCase(Locale.ROOT),
              "mean, cls or pooler, which other libraries can be told to read");
    };
  }

  /** The code of the class where it is ours, and how to load what lies here. */
  private void write(Path folder, String how) {
    try (InputStream code =
        Objects.requireNonNull(HuggingFaceExport.class.getResourceAsStream(CODE + ".py"))) {
      if (ownClass()) {
        Files.copy(code, folder.resolve(CODE + ".py"));
      }
      Files.writeString(
          folder.resolve("README.md"), "In this folder:\n\n```python\n" + how + "```\n");
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, folder + ": " + e + " (expected: a folder that can be written)", e);
    }
  }
}
