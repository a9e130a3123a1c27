import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.torch.HuggingFaceExport;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.PeftFolder;
import dev.anabranch.torch.TorchEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Reads the adapters of a golden folder and writes them, and the models that they make, elsewhere:
 * what {@code peft_golden.py} then shows to the real libraries. Arguments: GOLDEN OUTPUT.
 */
final class PeftRoundTrip {
  private PeftRoundTrip() {}

  public static void main(String[] args) throws Exception {
    for (var name :
        List.of(
            "bert-lora",
            "bert-prompt",
            "llama-lora",
            "llama-lora-all-linear",
            "llama-prompt",
            "llama-prefix")) {
      boolean bert = name.startsWith("bert");
      var golden = Path.of(args[0]);
      var file = golden.resolve(bert ? "bert" : "llama").resolve("model.safetensors");
      var source = new ModelSource(name, file, file.resolveSibling("tokenizer.json"), "unused");
      var task = new TorchEngine.Task(bert ? 3 : 0, 16, bert ? Pooling.POOLER : Pooling.NONE);
      var adapter = PeftFolder.read(golden.resolve(name), source, task);
      var use =
          new ModelUse(Partition.whole(3, NodeId.Role.DEVICE), Map.of("whole", adapter.how()));
      var export =
          new HuggingFaceExport(
              source, task, bert ? List.of("a", "b", "c") : List.of(), use, adapter.variables());
      export.adapter(Files.createDirectories(Path.of(args[1], name, "peft")));
      if (adapter.how() instanceof Parameterisation.Lora) {
        export.merged(Files.createDirectories(Path.of(args[1], name, "merged")));
      }
      System.out.println(name + ": " + adapter.how().name());
    }
  }
}
