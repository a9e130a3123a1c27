package dev.anabranch.methods.distillation;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import java.util.ArrayList;
import java.util.List;

/** A small model and its base, through a checkpoint. */
final class TunedTest extends CodecContract<Tuned> {
  private static final CodecForm<Tuned> STATES =
      new CodecForm<>() {
        @Override
        public Tuned message(long shapes, long values, boolean wild) {
          return new Tuned(
              MAPS.message(shapes, values, wild), MAPS.message(shapes, values + 1, wild));
        }

        @Override
        public Tuned moderate(long shapes, long values) {
          return new Tuned(MAPS.moderate(shapes, values), MAPS.moderate(shapes, values + 1));
        }

        @Override
        public List<Tuned> edges() {
          return MAPS.edges().stream().map(map -> new Tuned(map, TensorMap.empty())).toList();
        }

        @Override
        public List<Tensor> tensors(Tuned message) {
          return both(MAPS.tensors(message.small()), MAPS.tensors(message.base()));
        }

        @Override
        public String rest(Tuned message) {
          return message.small().specs() + " " + message.base().specs();
        }

        @Override
        public List<String> scopes(Tuned message) {
          return both(MAPS.scopes(message.small()), MAPS.scopes(message.base()));
        }

        @Override
        public String toString() {
          return "tuned";
        }
      };

  private static <T> List<T> both(List<T> first, List<T> second) {
    var all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  TunedTest() {
    super(STATES);
  }

  @Override
  protected Codec<Tuned> codec() {
    return Tuned.CODEC;
  }

  @Override
  protected long payload(Tuned message) {
    return 4 * (message.small().elements() + message.base().elements());
  }
}
