package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Tensor;
import java.util.List;

/** Puts {@link Codecs#FP32} on the list: the codec of every topic that a plan does not name. */
public final class Fp32Provider implements ValueCodecProvider {
  @Override
  public Kind<Codec<Tensor>> kind() {
    return new Kind<>(
        "fp32",
        List.of("float32"),
        "32-bit floats as they are, exact to the bit",
        List.of(),
        s -> Codecs.FP32);
  }

  @Override
  public String payload() {
    return "4 n";
  }
}
