package dev.anabranch.core;

import java.util.Optional;

/**
 * What a party keeps from one visit to the next. Writes are staged and become lasting only when the
 * visit ends well; they survive a resume. Not thread-safe.
 */
public interface Memory {
  Optional<TensorMap> get(String key);

  void put(String key, TensorMap value);

  void remove(String key);

  /** The same memory with every key prefixed by {@code scope/}. */
  default Memory scoped(String scope) {
    var whole = this;
    return new Memory() {
      @Override
      public Optional<TensorMap> get(String key) {
        return whole.get(scope + "/" + key);
      }

      @Override
      public void put(String key, TensorMap value) {
        whole.put(scope + "/" + key, value);
      }

      @Override
      public void remove(String key) {
        whole.remove(scope + "/" + key);
      }
    };
  }

  /** A memory that keeps nothing. */
  Memory NONE =
      new Memory() {
        @Override
        public Optional<TensorMap> get(String key) {
          return Optional.empty();
        }

        @Override
        public void put(String key, TensorMap value) {}

        @Override
        public void remove(String key) {}
      };
}
