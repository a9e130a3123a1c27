package dev.anabranch.torch;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import dev.anabranch.torch.internal.Digests;
import dev.anabranch.torch.internal.ResNet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A residual network for small images, from a safetensors file or drawn anew. */
public final class ResNetModel implements ModelProvider {
  private static final Knob.Int DEPTH =
      new Knob.Int("depth", 20, 8, 1202, "6 n + 2 layers: 20, 32, 44, 56, 110");
  private static final Knob.Int CHANNELS =
      new Knob.Int("channels", 3, 1, 64, "channels of an image: 3 coloured, 1 grey");
  private static final Knob.Int SIZE =
      new Knob.Int("size", 32, 8, 1024, "sides of an image in pixels, a multiple of 4");
  private static final Knob.Text PATH =
      new Knob.Text("path", "", "a safetensors file; none: from scratch, drawn by the plan's seed");

  @Override
  public Kind<ModelSource> kind() {
    return Kind.of(
        ResNet.NAME,
        "residual network for small images, from a file or from scratch",
        List.of(DEPTH, CHANNELS, SIZE, PATH),
        ResNetModel::source);
  }

  private static ModelSource source(Settings s) {
    Map<String, Object> config =
        Map.of(
            "model_type",
            ResNet.NAME,
            "depth",
            s.integer(DEPTH),
            "num_channels",
            s.integer(CHANNELS),
            "image_size",
            s.integer(SIZE));
    var text = s.text(PATH);
    var name = "resnet" + s.integer(DEPTH);
    try {
      var none = Path.of("");
      if (text.isEmpty()) {
        var drawn =
            ResNet.NAME
                + " "
                + s.integer(DEPTH)
                + " "
                + s.integer(CHANNELS)
                + " "
                + s.integer(SIZE)
                + " from scratch";
        return new ModelSource(name, none, none, Digests.sha256(drawn), List.of(), config);
      }
      var file = Path.of(text).toAbsolutePath().normalize();
      if (Files.isRegularFile(file)) {
        return new ModelSource(name, file, none, Digests.sha256(file), List.of(), config);
      }
    } catch (IOException | InvalidPathException e) {
      throw new AnabranchException(
          Failure.MODEL, text + ": " + e.getMessage() + " (expected: a readable file)", e);
    }
    throw AnabranchException.expected(
        Failure.MODEL, s.path() + ".path", text, "a safetensors file that exists, or none");
  }
}
