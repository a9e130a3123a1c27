package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import org.junit.jupiter.api.Nested;

/** The contract of the message forms, each over one value codec or another. */
class CodecFormsTest {
  private static long elements(TensorMap map) {
    return map.elements();
  }

  @Nested
  class Fp32 extends CodecContract<Tensor> {
    Fp32() {
      super(CodecForm.TENSORS);
    }

    @Override
    protected Codec<Tensor> codec() {
      return Codecs.FP32;
    }

    @Override
    protected long payload(Tensor message) {
      return 4 * message.elements();
    }
  }

  @Nested
  class Tensors extends CodecContract<TensorMap> {
    Tensors() {
      super(CodecForm.MAPS);
    }

    @Override
    protected Codec<TensorMap> codec() {
      return Codecs.TENSORS;
    }

    @Override
    protected long payload(TensorMap message) {
      return 4 * message.elements();
    }
  }

  @Nested
  class Updates extends CodecContract<Update> {
    Updates() {
      super(CodecForm.UPDATES);
    }

    @Override
    protected Codec<Update> codec() {
      return Codecs.UPDATE;
    }

    @Override
    protected long payload(Update message) {
      return 4 * elements(message.delta());
    }
  }

  /** Error feedback per name. */
  @Nested
  class UpdatesByTopK extends CodecContract<Update> {
    UpdatesByTopK() {
      super(CodecForm.UPDATES);
    }

    @Override
    protected Codec<Update> codec() {
      return Codecs.UPDATE.over(new TopK(0.25, true));
    }

    @Override
    protected long payload(Update message) {
      return CodecForm.UPDATES.tensors(message).stream()
          .mapToLong(t -> t.elements() == 0 ? 0 : 8 * Math.max(1, t.elements() / 4))
          .sum();
    }

    @Override
    protected double expansion() {
      return 80;
    }
  }

  @Nested
  class HiddenByFp16 extends CodecContract<Hidden> {
    HiddenByFp16() {
      super(CodecForm.HIDDEN);
    }

    @Override
    protected Codec<Hidden> codec() {
      return Codecs.HIDDEN.over(new Fp16());
    }

    @Override
    protected long payload(Hidden message) {
      return 2 * message.values().elements();
    }

    @Override
    protected double bound(float value, float largest) {
      return new Fp16Test().bound(value, largest);
    }
  }
}
