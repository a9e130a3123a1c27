package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Seeds;
import dev.anabranch.data.ImageShard.Augment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageShardTest {
  private static final int SIDE = 6;

  /** Four images; each pixel differs from all others of its image and from black. */
  private static final Pictures PICTURES = pictures();

  private static Pictures pictures() {
    var pixels = new ArrayList<byte[]>();
    for (int i = 0; i < 4; i++) {
      byte[] image = new byte[2 * SIDE * SIDE];
      for (int p = 0; p < image.length; p++) {
        image[p] = (byte) (1 + p + 50 * i);
      }
      pixels.add(image);
    }
    return new Pictures(
        new Pictures.Shape(2, SIDE, SIDE),
        pixels,
        new int[] {0, 1, 2, 1},
        List.of("a", "b", "c"),
        0,
        new Pictures.Normal(new float[] {0.5f, 0.25f}, new float[] {0.5f, 2f}),
        "");
  }

  private static ImageShard shard(Augment augment) {
    return new ImageShard("device 0", PICTURES, new int[] {3, 1}, augment);
  }

  private static float[] values(Batch batch) {
    return ((Inputs.Images) batch.inputs()).values();
  }

  @Test
  void batch_isNormalisedByChannel() {
    var batch = shard(Augment.NONE).batch(new int[] {1, 0});
    assertThat(batch.labels()).containsExactly(1, 1);
    assertThat(batch.inputs())
        .isInstanceOfSatisfying(
            Inputs.Images.class,
            images -> {
              assertThat(images.size()).isEqualTo(2);
              assertThat(images.channels()).isEqualTo(2);
              assertThat(images.height()).isEqualTo(SIDE);
              assertThat(images.width()).isEqualTo(SIDE);
            });
    assertThat(values(batch)[0]).isEqualTo((51 / 255f - 0.5f) / 0.5f);
    assertThat(values(batch)[SIDE * SIDE]).isEqualTo((87 / 255f - 0.25f) / 2f);
  }

  @Test
  void rowsToScore_areNeverDistorted() {
    float[] plain = values(shard(Augment.NONE).batch(new int[] {0, 1}));
    assertThat(values(shard(Augment.CROP_FLIP).batch(new int[] {0, 1}))).isEqualTo(plain);
    for (var batch : shard(Augment.CROP_FLIP).inOrder(new int[] {0, 1}, 2)) {
      assertThat(values(batch)).isEqualTo(plain);
    }
    assertThat(values(shard(Augment.NONE).batch(new int[] {0, 1}, 3))).isEqualTo(plain);
  }

  @Test
  void rowsToTrainOn_areMovedAndMirrored() {
    float[] plain = values(shard(Augment.NONE).batch(new int[] {0}));
    float[] black = {(0 - 0.5f) / 0.5f, (0 - 0.25f) / 2f};
    var seen = new ArrayList<List<Integer>>();
    for (int seed = 0; seed < 400; seed++) {
      float[] moved = values(shard(Augment.CROP_FLIP).batch(new int[] {0}, seed));
      var found = new ArrayList<List<Integer>>();
      for (int down = -4; down <= 4; down++) {
        for (int right = -4; right <= 4; right++) {
          for (int mirror = 0; mirror < 2; mirror++) {
            if (equal(moved, plain, black, down, right, mirror == 1)) {
              found.add(List.of(down, right, mirror));
            }
          }
        }
      }
      assertThat(found).hasSize(1);
      seen.addAll(found);
    }
    assertThat(seen.stream().distinct().count()).isGreaterThan(130); // of 162
  }

  private static boolean equal(
      float[] moved, float[] plain, float[] black, int down, int right, boolean mirror) {
    for (int i = 0; i < moved.length; i++) {
      int c = i / (SIDE * SIDE);
      int y = i / SIDE % SIDE + down;
      int x = right + (mirror ? SIDE - 1 - i % SIDE : i % SIDE);
      boolean inside = x >= 0 && x < SIDE && y >= 0 && y < SIDE;
      if (moved[i] != (inside ? plain[(c * SIDE + y) * SIDE + x] : black[c])) {
        return false;
      }
    }
    return true;
  }

  @Test
  void sameStream_givesTheSameDistortions() {
    var shard = shard(Augment.CROP_FLIP);
    var one = new ArrayList<float[]>();
    shard.shuffled(shard.rows(), 1, 3, Seeds.stream(1, "order")).forEach(b -> one.add(values(b)));
    var two = new ArrayList<float[]>();
    var batches = shard.shuffled(shard.rows(), 1, 3, Seeds.stream(1, "order"));
    batches.forEach(b -> {});
    batches.forEach(b -> two.add(values(b)));
    assertThat(two).hasSize(6).usingRecursiveComparison().isEqualTo(one);
    var other = new ArrayList<float[]>();
    shard.shuffled(shard.rows(), 1, 3, Seeds.stream(2, "order")).forEach(b -> other.add(values(b)));
    assertThat(other).usingRecursiveComparison().isNotEqualTo(one);
  }

  @Test
  void shard_withoutImagesIsRefused() {
    assertThatThrownBy(() -> new ImageShard("device 3", PICTURES, new int[0], Augment.NONE))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "shard of device 3: 0 examples (expected: at least one; lower the number of devices or"
                + " raise the partition's minimum)");
  }

  @Test
  void greyImage_becomesWhatTheModelReads() {
    var grey =
        new Pictures(
            new Pictures.Shape(1, 2, 2),
            List.of(new byte[] {0, 100, (byte) 200, (byte) 255}),
            new int[] {0},
            List.of("a"),
            0,
            new Pictures.Normal(new float[] {0}, new float[] {1}),
            "");
    var shape = new Pictures.Shape(3, 1, 2);
    var shard = new ImageShard("device 0", grey, new int[] {0}, Augment.NONE, shape);
    float left = 100 / 255f;
    float right = 178 / 255f;
    assertThat(values(shard.batch(new int[] {0})))
        .containsExactly(left, right, left, right, left, right);
  }

  @Test
  void colouredImage_isNotMadeGrey() {
    var shape = new Pictures.Shape(1, SIDE, SIDE);
    assertThatThrownBy(
            () -> new ImageShard("device 3", PICTURES, new int[] {0}, Augment.NONE, shape))
        .isInstanceOf(AnabranchException.class)
        .hasMessage("images of device 3: 2 channels (expected: 1, which is what the model reads)");
  }

  @Test
  void labelsOutOfRange_areRefused() {
    assertThatThrownBy(() ->
            new Pictures(
                PICTURES.shape(),
                PICTURES.pixels(),
                new int[] {0, 1, 2, 3},
                PICTURES.classes(),
                0,
                PICTURES.normal(),
                ""))
        .hasMessage("label: 3 (expected: 0 to 2)");
  }
}
