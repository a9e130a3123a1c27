package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.files.SafeTensors;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command over the real modules, on images that are made here. */
class ImagesIT {
  @TempDir Path folder;

  /** The brightest channel of a pixel is that of its image's class. */
  private static int[] pixel(int label, java.util.random.RandomGenerator random) {
    int[] rgb = {random.nextInt(100), random.nextInt(100), random.nextInt(100)};
    rgb[label] += 100;
    return rgb;
  }

  private void cifar(String name, int images) throws IOException {
    var random = Seeds.stream(1, name);
    var out = ByteBuffer.allocate(images * 3073);
    for (int i = 0; i < images; i++) {
      out.put(i * 3073, (byte) (i % 3));
      for (int p = 0; p < 1024; p++) {
        int[] rgb = pixel(i % 3, random);
        for (int c = 0; c < 3; c++) {
          out.put(i * 3073 + 1 + c * 1024 + p, (byte) rgb[c]);
        }
      }
    }
    Files.write(folder.resolve(name), out.array());
  }

  private Path png(String name, int side, int label) throws IOException {
    var image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    var random = Seeds.stream(2, name);
    for (int i = 0; i < side * side; i++) {
      int[] rgb = pixel(label, random);
      image.setRGB(i % side, i / side, rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
    }
    var file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  @BeforeEach
  void writePlan() throws IOException {
    cifar("train.bin", 60);
    cifar("test.bin", 15);
    Files.writeString(
        folder.resolve("plan.yaml"),
        """
        name: pictures
        task: { kind: image-classification, augment: crop-flip }
        model: { source: { resnet-cifar: { depth: 8 } } }
        data:
          source: { cifar: { path: "%s", test: "%s" } }
          partition: { iid: { devices: 3 } }
        method:
          fedavg:
            { rounds: 2, cohort: 2, examples: 16, batch: 8, optimizer: sgd, learningRate: 0.05 }
        """
            .formatted(folder.resolve("train.bin"), folder.resolve("test.bin")));
  }

  private Ended plan(String verb, String name, String... sets) {
    var args = new java.util.ArrayList<Object>();
    args.add(verb);
    args.add(folder.resolve("plan.yaml"));
    for (var set : sets) {
      args.add("--set");
      args.add(set);
    }
    if (verb.equals("run")) {
      args.add("--output");
      args.add(folder.resolve(name));
    }
    args.add("--json");
    return Ended.installed("", args.toArray());
  }

  private static String sha(Ended ended) {
    assertThat(ended.code()).as(ended.err()).isZero();
    return ended.out().replaceAll("(?s).*\"weightsSha256\":\"([0-9a-f]{64})\".*", "$1");
  }

  @Test
  void resNetIsTrainedFromScratch() throws IOException {
    var one = sha(plan("run", "one", "lanes=1"));
    assertThat(sha(plan("run", "two", "lanes=2"))).isEqualTo(one);
    assertThat(sha(plan("run", "plain", "lanes=2", "task.augment=none"))).isNotEqualTo(one);
    assertThat(sha(plan("run", "other", "lanes=2", "seed=7"))).isNotEqualTo(one);
    var picture = png("new/1.png", 32, 0);
    var said = Ended.installed(picture + "\n" + picture + "\n", "predict", folder.resolve("one"));
    assertThat(said.code()).as(said.err()).isZero();
    assertThat(said.out().lines()).hasSize(2).allMatch(l -> l.matches("\\d\t[01]\\.\\d{4}"));
    var small = png("new/2.png", 16, 0);
    var scaled = Ended.installed(small + "\n", "predict", folder.resolve("one"));
    assertThat(scaled.code()).as(scaled.err()).isZero();
    assertThat(scaled.out()).matches("\\d\t[01]\\.\\d{4}\n");
  }

  private Path idx(String name, int count, int... sides) throws IOException {
    int each = sides.length == 0 ? 1 : sides[0] * sides[1];
    var out = ByteBuffer.allocate(8 + 4 * sides.length + count * each);
    out.putInt(2049 + sides.length).putInt(count);
    for (int side : sides) {
      out.putInt(side);
    }
    for (int i = 0; i < count; i++) {
      for (int p = 0; p < each; p++) {
        out.put((byte) (sides.length == 0 ? i % 2 : 200 * (i % 2) + p % 50));
      }
    }
    return Files.write(folder.resolve(name), out.array());
  }

  @Test
  void greyImagesOfAnotherSize_areWhatTheModelReads() throws IOException {
    var source =
        "data.source={idx: {images: '%s', labels: '%s', classes: 2}}"
            .formatted(idx("images", 40, 28, 20), idx("labels", 40));
    sha(plan("run", "grey", source, "data.holdout=0.2"));
    assertThat(Json.readObject(folder.resolve("grey/summary.json")).get("metrics"))
        .asString()
        .contains("accuracy");
    var picture = png("new/3.png", 50, 0);
    var said = Ended.installed(picture + "\n", "predict", folder.resolve("grey"));
    assertThat(said.out()).matches("\\d\t[01]\\.\\d{4}\n");
  }

  @Test
  void splitMethodsCutItAnywhere() {
    var split = "method={sfl-ff: {rounds: 1, cohort: 2, examples: 8, batch: 4, %s}}";
    var ran = plan("run", "split", split.formatted("headLayers: 1, tailLayers: 1"));
    assertThat(ran.code()).as(ran.err()).isZero();
    // examples · positions · channels · 4 bytes, there and back, for two devices
    assertThat(ran.out()).contains("\"activation\":" + 2 * 8 * 1024 * 16 * 4);
  }

  @Test
  void pooledImagesAreTrainedOn() {
    var central = "method={central: {rounds: 1, cohort: 3, examples: 16, batch: 8}}";
    var one = sha(plan("run", "pool", central));
    assertThat(sha(plan("run", "calm", central, "task.augment=none"))).isNotEqualTo(one);
  }

  @Test
  void costsAreThoseOfTheRun() {
    var run = plan("run", "told");
    assertThat(run.code()).as(run.err()).isZero();
    var told = plan("estimate", "");
    assertThat(told.code()).as(told.err()).isZero();
    var summary = Json.readObject(folder.resolve("told/summary.json"));
    assertThat(Json.object(Path.of("told"), told.out()))
        .containsEntry("bytes", summary.get("bytes"))
        .containsEntry("macs", summary.get("macs"));
  }

  @Test
  void whatDoesNotGoTogether_isRefused() {
    var text = plan("run", "a", "task.kind=text-classification", "task.augment=none");
    assertThat(text.err())
        .isEqualTo(
            "anabranch: data.source: cifar (expected: a source of texts, as task.kind says)\n");
    assertThat(text.code()).isEqualTo(10);
    var source = plan("run", "b", "data.source=spam-assassin");
    assertThat(source.err())
        .isEqualTo(
            "anabranch: data.source: spam-assassin (expected: a source of images, as task.kind"
                + " says)\n");
    var model = plan("run", "c", "model.source=all-minilm-l6-v2");
    assertThat(model.err())
        .isEqualTo(
            "anabranch: task.kind: image-classification (expected: text-classification for a"
                + " bert)\n");
    var depth = plan("run", "d", "model.source.resnet-cifar.depth=21");
    assertThat(depth.err())
        .isEqualTo(
            "anabranch: resnet21: depth: 21 (expected: 6 n + 2, such as 20, 32, 44, 56 or 110)\n");
    var path = plan("run", "e", "model.source.resnet-cifar.path=none.safetensors");
    assertThat(path.err())
        .isEqualTo(
            "anabranch: model.source.resnet-cifar.path: none.safetensors (expected: a safetensors"
                + " file that exists, or none)\n");
  }

  /** A vision transformer of one layer, as a folder of Hugging Face. */
  private Path vit() throws IOException {
    long d = 16;
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put("embeddings.cls_token", new long[] {1, 1, d});
    shapes.put("embeddings.position_embeddings", new long[] {1, 5, d});
    shapes.put("embeddings.patch_embeddings.projection.weight", new long[] {d, 3, 8, 8});
    shapes.put("embeddings.patch_embeddings.projection.bias", new long[] {d});
    var at = "encoder.layer.0.";
    for (var norm : new String[] {at + "layernorm_before", at + "layernorm_after", "layernorm"}) {
      shapes.put(norm + ".weight", new long[] {d});
      shapes.put(norm + ".bias", new long[] {d});
    }
    for (var map : new String[] {"query", "key", "value"}) {
      shapes.put(at + "attention.attention." + map + ".weight", new long[] {d, d});
      shapes.put(at + "attention.attention." + map + ".bias", new long[] {d});
    }
    shapes.put(at + "attention.output.dense.weight", new long[] {d, d});
    shapes.put(at + "attention.output.dense.bias", new long[] {d});
    shapes.put(at + "intermediate.dense.weight", new long[] {2 * d, d});
    shapes.put(at + "intermediate.dense.bias", new long[] {2 * d});
    shapes.put(at + "output.dense.weight", new long[] {d, 2 * d});
    shapes.put(at + "output.dense.bias", new long[] {d});
    Map<String, Tensor> values = new LinkedHashMap<>();
    shapes.forEach((name, shape) -> {
      var random = Seeds.stream(1, name);
      var tensor = Tensor.zeros(shape);
      for (long i = 0; i < tensor.elements(); i++) {
        tensor.set(i, (float) (0.2 * random.nextGaussian()) + (name.contains("norm") ? 1 : 0));
      }
      values.put(name, tensor);
    });
    var at2 = Files.createDirectories(folder.resolve("vit"));
    SafeTensors.write(at2.resolve("model.safetensors"), TensorMap.of(values), Map.of());
    Files.writeString(
        at2.resolve("config.json"),
        """
        {"model_type": "vit", "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1,
         "intermediate_size": 32, "image_size": 16, "patch_size": 8}
        """);
    return at2;
  }

  @Test
  void visionTransformerIsTrainedFromAFolder() throws IOException {
    for (int i = 0; i < 12; i++) {
      png("png/" + (i % 2 == 0 ? "red" : "green") + "/" + i + ".png", 16, i % 2);
    }
    String[] sets = {
      "model.source={path: {path: '" + vit() + "'}}",
      "data.source={image-folder: {path: '" + folder.resolve("png") + "'}}",
      "data.holdout=0.3",
      "data.partition={iid: {devices: 2}}",
      "method={fedavg: {rounds: 2, cohort: 2, batch: 4, parameterisation: {lora: {r: 2}}}}",
      "lanes=1"
    };
    var one = sha(plan("run", "one", sets));
    sets[5] = "lanes=2";
    assertThat(sha(plan("run", "two", sets))).isEqualTo(one);
    var said = Ended.installed(png("new/1.png", 16, 1) + "\n", "predict", folder.resolve("two"));
    assertThat(said.code()).as(said.err()).isZero();
    assertThat(said.out()).matches("(red|green)\t[01]\\.\\d{4}\n");
  }
}
