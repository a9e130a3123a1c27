package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Inputs;
import dev.anabranch.torch.Picture;
import org.bytedeco.pytorch.Tensor;

/** What a model of images reads. */
final class ImageInputs {
  private ImageInputs() {}

  /**
   * The images of a batch, [b, c, h, w] in fp32 with the channels of a pixel side by side.
   *
   * @throws AnabranchException MODEL if they are not of the model's size
   */
  static Tensor of(Inputs inputs, Picture like) {
    int channels = like.channels();
    int size = like.size();
    if (!(inputs instanceof Inputs.Images images)) {
      throw new IllegalArgumentException(
          "inputs: " + inputs.getClass().getSimpleName() + " (expected: Images)");
    }
    if (images.channels() != channels || images.height() != size || images.width() != size) {
      throw AnabranchException.expected(
          Failure.MODEL,
          "images",
          images.channels() + " × " + images.height() + " × " + images.width(),
          channels + " × " + size + " × " + size + ", which is what the model reads");
    }
    Tensor rows = Tensors.floats(images.values(), images.size(), channels, size, size);
    return rows.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
  }
}
