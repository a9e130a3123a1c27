package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Settings;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Holdout;
import dev.anabranch.data.Pictures;
import dev.anabranch.data.Source;
import dev.anabranch.data.SourceProvider;
import dev.anabranch.data.Sources;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSourcesTest {
  @TempDir Path folder = Path.of("");

  private static Pictures load(SourceProvider kind, String... settings) {
    Map<String, Object> given = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      given.put(settings[i], settings[i + 1]);
    }
    var source = source(kind, given);
    assertThat(source.normal()).isNotNull();
    return (Pictures) source.load(new Cache(Path.of("unused")));
  }

  private static Source source(SourceProvider kind, Map<String, ?> given) {
    return kind.kind().make().apply(Settings.read("data.source.x", kind.kind().knobs(), given));
  }

  private static void refused(Failure failure, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .hasMessage(message)
        .asInstanceOf(InstanceOfAssertFactories.type(AnabranchException.class))
        .extracting(AnabranchException::failure)
        .isEqualTo(failure);
  }

  private Path write(String name, byte[] bytes) throws IOException {
    var file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, name.endsWith(".gz") ? gzip(bytes) : bytes);
  }

  private static byte[] gzip(byte[] content) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  /** Records whose pixels count up from their label. */
  private static byte[] cifar(int before, int... labels) {
    var out = ByteBuffer.allocate(labels.length * (before + 3072));
    for (int label : labels) {
      for (int i = 0; i < before; i++) {
        out.put((byte) (i == before - 1 ? label : 3));
      }
      for (int i = 0; i < 3072; i++) {
        out.put((byte) (label + i));
      }
    }
    return out.array();
  }

  @Test
  void cifarTen_isReadInOrder() throws IOException {
    write("data_batch_2.bin", cifar(1, 5));
    write("data_batch_1.bin", cifar(1, 9, 0));
    var test = write("test_batch.bin.gz", cifar(1, 7));
    var all =
        load(
            new Cifar.Provider(),
            "path",
            folder.resolve("data_batch_*.bin").toString(),
            "test",
            test.toString());
    assertThat(all.labels()).containsExactly(9, 0, 5, 7);
    assertThat(all.reserved()).containsExactly(3);
    assertThat(all.shape()).isEqualTo(new Pictures.Shape(3, 32, 32));
    assertThat(all.pixels().get(0)[1024]).isEqualTo((byte) (9 + 1024));
    assertThat(all.classes()).hasSize(10).startsWith("0", "1");
    assertThat(Holdout.stratified(all, 0.5, 1).holdout()).containsExactly(3);
    assertThat(Holdout.stratified(all, 0.5, 1).train()).containsExactly(0, 1, 2);
  }

  @Test
  void cifarHundred_hasTwoLabels() throws IOException {
    var file = write("train.bin", cifar(2, 99, 42)).toString();
    assertThat(load(new Cifar.Provider(), "path", file, "format", "cifar-100").labels())
        .containsExactly(99, 42);
    assertThat(load(new Cifar.Provider(), "path", file, "format", "cifar-100-coarse").labels())
        .containsExactly(3, 3);
  }

  @Test
  void cifar_takesNamesFromBesideTheFile() throws IOException {
    var file = write("a.bin", cifar(1, 1)).toString();
    Files.writeString(folder.resolve("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
    assertThat(load(new Cifar.Provider(), "path", file).classes())
        .containsExactly("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
    var names = Files.writeString(folder.resolve("batches.meta.txt"), "a\nb\n");
    refused(
        Failure.DATA,
        names + ": 2 names (expected: 10 different ones, one on each line)",
        () -> load(new Cifar.Provider(), "path", file));
  }

  @Test
  void cifar_brokenIsRefused() throws IOException {
    var cut = write("cut.bin", Arrays.copyOf(cifar(1, 1, 2), 4000));
    refused(
        Failure.CORRUPT,
        cut
            + ": 927 bytes of image 1 (expected: 3073, as cifar-10 has; the file is truncated or of"
            + " another format)",
        () -> load(new Cifar.Provider(), "path", cut.toString()));
    var high = write("high.bin", cifar(1, 1, 10));
    refused(
        Failure.CORRUPT,
        high
            + ": label 10 of image 1 (expected: 0 to 9, as cifar-10 has; if this is another of the"
            + " sets, say so in format: cifar-10, cifar-100, cifar-100-coarse)",
        () -> load(new Cifar.Provider(), "path", high.toString()));
    var empty = write("empty.bin", new byte[0]);
    refused(
        Failure.CORRUPT,
        empty + ": 0 images (expected: at least one)",
        () -> load(new Cifar.Provider(), "path", empty.toString()));
    byte[] whole = gzip(cifar(1, 1, 2));
    var half = Files.write(folder.resolve("half.bin.gz"), Arrays.copyOf(whole, whole.length / 2));
    refused(
        Failure.CORRUPT,
        "data file: "
            + half
            + " (expected: a whole gzip file: Unexpected end of ZLIB input stream); fetch it again",
        () -> load(new Cifar.Provider(), "path", half.toString()));
    refused(
        Failure.DATA,
        "data.source.x.path: missing.bin (expected: a file that exists, or a pattern with * that"
            + " some file has)",
        () -> load(new Cifar.Provider(), "path", "missing.bin"));
    refused(
        Failure.PLAN,
        "data.source.x.path: not given (expected: a file, or a pattern with *)",
        () -> load(new Cifar.Provider()));
  }

  @Test
  void normalisation_isReadFromThePlan() throws IOException {
    var file = write("a.bin", cifar(1, 1)).toString();
    var kind = new Cifar.Provider();
    var normal =
        source(kind, Map.of("path", file, "mean", List.of(0.5, 0.25, 0), "std", "2")).normal();
    assertThat(normal).isNotNull();
    assertThat(normal.mean()).containsExactly(0.5f, 0.25f, 0f);
    assertThat(normal.deviation()).containsExactly(2f, 2f, 2f);
    refused(
        Failure.PLAN,
        "data.source.x.mean: [1, 2] (expected: 1 number, or 3)",
        () -> source(kind, Map.of("mean", List.of(1, 2))));
    refused(
        Failure.PLAN,
        "data.source.x.std: [0] (expected: numbers above 0)",
        () -> source(kind, Map.of("std", List.of(0))));
    refused(
        Failure.PLAN,
        "data.source.x.mean: red (expected: a number, as 0.5)",
        () -> source(kind, Map.of("mean", "red")));
  }

  private static byte[] idx(int magic, int[] sizes, int... bytes) {
    var out = ByteBuffer.allocate(4 + 4 * sizes.length + bytes.length).putInt(magic);
    IntStream.of(sizes).forEach(out::putInt);
    for (int b : bytes) {
      out.put((byte) b);
    }
    return out.array();
  }

  private Pictures idx(byte[] images, byte[] labels) throws IOException {
    return load(
        new Idx.Provider(),
        "images",
        write("images", images).toString(),
        "labels",
        write("labels.gz", labels).toString());
  }

  @Test
  void idx_isRead() throws IOException {
    var all =
        idx(
            idx(2051, new int[] {2, 2, 3}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255),
            idx(2049, new int[] {2}, 7, 0));
    assertThat(all.shape()).isEqualTo(new Pictures.Shape(1, 2, 3));
    assertThat(all.pixels().get(1)).containsExactly(6, 7, 8, 9, 10, -1);
    assertThat(all.labels()).containsExactly(7, 0);
    assertThat(all.reserved()).isEmpty();
  }

  @Test
  void idx_brokenIsRefused() throws IOException {
    byte[] images = idx(2051, new int[] {2, 1, 1}, 1, 2);
    byte[] labels = idx(2049, new int[] {2}, 1, 2);
    var imageFile = folder.resolve("images");
    var labelFile = folder.resolve("labels.gz");
    refused(
        Failure.CORRUPT,
        imageFile
            + ": magic number 2049 (expected: a file of images in the IDX format, which begins with"
            + " 2051)",
        () -> idx(idx(2049, new int[] {2, 1, 1}, 1, 2), labels));
    refused(
        Failure.CORRUPT,
        labelFile
            + ": 6 bytes (expected: a file of labels in the IDX format, which begins with 2049)",
        () -> idx(images, Arrays.copyOf(labels, 6)));
    refused(
        Failure.CORRUPT,
        imageFile
            + ": ends within image 1 (expected: 2 images, as its header says; fetch it again)",
        () -> idx(Arrays.copyOf(images, images.length - 1), labels));
    refused(
        Failure.CORRUPT,
        imageFile
            + ": more bytes than its header says (expected: the end of the file after 2 images)",
        () -> idx(Arrays.copyOf(images, images.length + 1), labels));
    refused(
        Failure.CORRUPT,
        labelFile + ": ends after 1 labels (expected: 2, as its header says; fetch it again)",
        () -> idx(images, Arrays.copyOf(labels, labels.length - 1)));
    refused(
        Failure.DATA,
        labelFile + ": 1 labels (expected: 2, one for each image of " + imageFile + ")",
        () -> idx(images, idx(2049, new int[] {1}, 1)));
    refused(
        Failure.DATA,
        labelFile + ": label 10 of image 1 (expected: 0 to 9; see the setting classes)",
        () -> idx(images, idx(2049, new int[] {2}, 1, 10)));
  }

  @Test
  void idx_hostileSizesAreRefusedBeforeAnythingIsAllocated() throws IOException {
    byte[] labels = idx(2049, new int[] {1}, 1);
    var imageFile = folder.resolve("images");
    refused(
        Failure.CORRUPT,
        imageFile + ": 4294967295 rows (expected: 1 to 4096)",
        () -> idx(idx(2051, new int[] {1, -1, 1}, 1), labels));
    refused(
        Failure.DATA,
        imageFile + ": bytes of pixels: 72057594021150720 (expected: at most 1073741824)",
        () -> idx(idx(2051, new int[] {-1, 4096, 4096}, 1), labels));
    refused(
        Failure.DATA,
        folder.resolve("labels.gz")
            + ": bytes of pixels: 4294967295 (expected: at most 1073741824)",
        () -> idx(idx(2051, new int[] {1, 1, 1}, 1), idx(2049, new int[] {-1}, 1)));
  }

  @Test
  void idx_ofAnotherSizeForTheTestIsRefused() throws IOException {
    var one = write("one", idx(2051, new int[] {1, 1, 1}, 1)).toString();
    var two = write("two", idx(2051, new int[] {1, 1, 2}, 1, 2)).toString();
    var labels = write("labels", idx(2049, new int[] {1}, 1)).toString();
    var kind = new Idx.Provider();
    refused(
        Failure.DATA,
        two + ": images of 1 × 1 × 2 (expected: 1 × 1 × 1, as those before)",
        () -> load(kind, "images", one, "labels", labels, "testImages", two, "testLabels", labels));
    refused(
        Failure.PLAN,
        "data.source.x.testLabels: not given (expected: both files of the hold-out, or none)",
        () -> load(kind, "images", one, "labels", labels, "testImages", two));
  }

  private Path png(String name, int width, int height, int type, Color... colours)
      throws IOException {
    var image = new BufferedImage(width, height, type);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, colours[i % colours.length].getRGB());
    }
    var file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  private Pictures folder(String name, String... more) {
    var settings = new String[more.length + 2];
    settings[0] = "path";
    settings[1] = folder.resolve(name).toString();
    System.arraycopy(more, 0, settings, 2, more.length);
    return load(new PictureFolder.Provider(), settings);
  }

  @Test
  void folder_takesLabelsFromSubFolders() throws IOException {
    png("all/cat/2.png", 2, 1, BufferedImage.TYPE_INT_RGB, Color.RED, Color.BLUE);
    png("all/cat/1.png", 2, 1, BufferedImage.TYPE_INT_ARGB, Color.GREEN, Color.WHITE);
    png("all/ant/x.PNG", 2, 1, BufferedImage.TYPE_BYTE_INDEXED, Color.BLUE, Color.BLACK);
    Files.writeString(folder.resolve("all/cat/.hidden"), "");
    var all = folder("all");
    assertThat(all.classes()).containsExactly("ant", "cat");
    assertThat(all.labels()).containsExactly(0, 1, 1);
    assertThat(all.pixels().get(0)).containsExactly(0, 0, 0, 0, -1, 0);
    assertThat(all.pixels().get(1)).containsExactly(0, -1, -1, -1, 0, -1);
    assertThat(all.pixels().get(2)).containsExactly(-1, 0, 0, 0, 0, -1);
    assertThat(folder("all", "colours", "grey").pixels().get(2)).containsExactly(76, 29);
    png("test/cat/1.png", 2, 1, BufferedImage.TYPE_INT_RGB, Color.RED);
    assertThat(folder("all", "test", folder.resolve("test").toString()).reserved())
        .containsExactly(3);
  }

  @Test
  void folder_keepsGreyLevelsAsTheyAre() throws IOException {
    var image = new BufferedImage(4, 1, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setSamples(0, 0, 4, 1, 0, new int[] {0, 50, 128, 255});
    Files.createDirectories(folder.resolve("g/a"));
    ImageIO.write(image, "png", folder.resolve("g/a/1.png").toFile());
    png("g/b/1.png", 4, 1, BufferedImage.TYPE_BYTE_BINARY, Color.WHITE, Color.BLACK);
    var all = folder("g", "colours", "grey");
    assertThat(all.pixels().get(0)).containsExactly(0, 50, (byte) 128, -1);
    assertThat(all.pixels().get(1)).containsExactly(-1, 0, -1, 0);
    assertThat(folder("g").pixels().get(0)[5]).isEqualTo((byte) 50);
  }

  /** With the right checksum of its header. */
  private static byte[] sealed(byte[] png) {
    var crc = new CRC32();
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    return png;
  }

  @Test
  void folder_brokenIsRefused() throws IOException {
    var first = png("all/a/1.png", 3, 2, BufferedImage.TYPE_INT_RGB, Color.RED);
    refused(
        Failure.DATA,
        "data.source.x.path: "
            + folder.resolve("all")
            + " with 1 sub-folders (expected: a sub-folder of PNG images for each of at least two"
            + " labels)",
        () -> folder("all"));
    var other = png("all/b/1.png", 2, 3, BufferedImage.TYPE_INT_RGB, Color.RED);
    refused(
        Failure.DATA,
        other + ": 2 × 3 pixels (expected: 3 × 2, as " + first + "; make all of one size)",
        () -> folder("all"));
    Files.write(other, Arrays.copyOf(Files.readAllBytes(first), 60));
    refused(
        Failure.CORRUPT,
        other + ": ends early (expected: a whole PNG image; fetch it again)",
        () -> folder("all"));
    byte[] bent = Files.readAllBytes(first);
    bent[45]++;
    Files.write(other, bent);
    refused(
        Failure.CORRUPT,
        other + ": a wrong checksum at byte 33 (expected: a whole PNG image; fetch it again)",
        () -> folder("all"));
    byte[] odd = Files.readAllBytes(first);
    odd[25] = 5; // a kind of colour that does not exist
    Files.write(other, sealed(odd));
    refused(
        Failure.CORRUPT,
        other + ": broken (expected: an image that can be decoded)",
        () -> folder("all"));
    Files.writeString(other, "no image");
    refused(
        Failure.CORRUPT, other + ": no PNG signature (expected: a PNG image)", () -> folder("all"));
    byte[] wide = Files.readAllBytes(first);
    ByteBuffer.wrap(wide).putInt(16, 1 << 30);
    Files.write(other, sealed(wide));
    refused(Failure.DATA, other + ": width: 1073741824 (expected: 1 to 4096)", () -> folder("all"));
    Files.delete(other);
    refused(
        Failure.DATA,
        other.getParent() + ": 0 images (expected: at least one PNG image)",
        () -> folder("all"));
    var text = Files.writeString(folder.resolve("all/b/notes.txt"), "x");
    refused(
        Failure.DATA,
        text + ": not a PNG image (expected: only PNG images in the folder of a label; convert it)",
        () -> folder("all"));
    png("good/a/1.png", 1, 1, BufferedImage.TYPE_INT_RGB, Color.RED);
    png("good/b/1.png", 1, 1, BufferedImage.TYPE_INT_RGB, Color.RED);
    png("test/c/1.png", 1, 1, BufferedImage.TYPE_INT_RGB, Color.RED);
    refused(
        Failure.DATA,
        folder.resolve("test")
            + ": sub-folder: c (expected: one of the labels that are trained on: a, b)",
        () -> folder("good", "test", folder.resolve("test").toString()));
  }

  @Test
  void loneImages_areReadWithoutLabels() throws IOException {
    var one = png("1.png", 2, 2, BufferedImage.TYPE_INT_RGB, Color.RED);
    var normal = new Pictures.Normal(new float[] {0.5f}, new float[] {0.5f});
    var read = Pictures.unlabelled(List.of(one), normal);
    assertThat(read.shape()).isEqualTo(new Pictures.Shape(1, 2, 2));
    var missing = folder.resolve("2.png");
    refused(
        Failure.DATA,
        missing + ": missing (expected: the path of a PNG image on each line)",
        () -> Pictures.unlabelled(List.of(missing), normal));
  }

  @Test
  void sources_areListed() {
    assertThat(Sources.KINDS)
        .extracting(k -> k.name())
        .contains("cifar", "idx", "image-folder", "file", "spam-assassin");
  }
}
