package dev.anabranch.core;

/** A method whose state is all that it trains. */
public interface TrainedState extends Method<TensorMap> {
  @Override
  default Codec<TensorMap> state() {
    return Codecs.TENSORS;
  }

  @Override
  default TensorMap trained(TensorMap state) {
    return state;
  }
}
