package dev.anabranch.torch.internal;

import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Trainable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * {@link Variables} and {@link Stepper} without values; keeps the account of what a model holds.
 * Used on a lane.
 */
final class DryVariables implements HeldModel.Stepped {
  private final List<TensorSpec> specs;
  private final List<TensorSpec> handed;
  private final DryLanes lanes;
  private final TensorMap values;
  private @Nullable Set<String> chosen;
  private final Set<String> withGradient = new HashSet<>();

  /** Bytes that are held until the model is closed: variables, and messages that were handed on. */
  private long own;

  private long gradients;
  private long moments;

  /**
   * @param thin whether values are handed over without elements, as {@link PricedCodec} has them
   */
  DryVariables(List<TensorSpec> specs, boolean thin, DryLanes lanes, Zeros zeros) {
    this.specs = List.copyOf(specs);
    this.handed =
        thin
            ? specs.stream()
                .map(spec -> TensorSpec.of(spec.name(), PricedCodec.thin(spec.dims())))
                .toList()
            : this.specs;
    this.lanes = lanes;
    this.values = zeros.map(handed);
    keep(Footprint.bytes(specs));
  }

  Account account() {
    return lanes.account();
  }

  /** Allocates what lives as long as the model, or is freed where no meter looks. */
  void keep(long bytes) {
    account().hold(bytes);
    own += bytes;
  }

  @Override
  public List<TensorSpec> specs() {
    return handed;
  }

  boolean has(String name) {
    return specs.stream().anyMatch(spec -> spec.name().equals(name));
  }

  /** Whether any that is stepped has such a name. */
  boolean any(Predicate<String> names) {
    return stepped().stream().anyMatch(spec -> names.test(spec.name()));
  }

  /** Those that are stepped. */
  List<TensorSpec> stepped() {
    var some = chosen;
    return some == null ? specs : specs.stream().filter(s -> some.contains(s.name())).toList();
  }

  /** From now on only these are stepped; forgets all gradients. */
  @Override
  public void train(List<TensorSpec> some) {
    zero();
    chosen = some.stream().map(TensorSpec::name).collect(Collectors.toUnmodifiableSet());
  }

  /** Some of these variables. */
  @Override
  public Trainable part(List<TensorSpec> some) {
    var names = some.stream().map(TensorSpec::name).toList();
    var those = handed.stream().filter(spec -> names.contains(spec.name())).toList();
    return new Trainable() {
      @Override
      public List<TensorSpec> specs() {
        return those;
      }

      @Override
      public TensorMap copy() {
        keep(Footprint.bytes(some));
        return values.select(names::contains);
      }

      @Override
      public void load(TensorMap given) {
        account();
        given.requireSpecs(those);
      }

      @Override
      public double gradientNorm(Predicate<String> which) {
        return 0;
      }
    };
  }

  @Override
  public TensorMap copy() {
    keep(Footprint.bytes(specs));
    return values;
  }

  @Override
  public TensorMap minus(TensorMap before) {
    before.requireSpecs(handed);
    return copy();
  }

  @Override
  public double gradientNorm(Predicate<String> names) {
    return 0;
  }

  @Override
  public void load(TensorMap given) {
    account();
    for (var spec : given.specs()) {
      if (!has(spec.name())) {
        throw new IllegalArgumentException("tensor '" + spec.name() + "': unknown");
      }
    }
    for (var spec : handed) {
      if (!TensorSpec.of(spec.name(), given.get(spec.name()).shape()).equals(spec)) {
        throw new IllegalArgumentException(
            "tensor '" + spec.name() + "' (expected: " + spec.shape() + ")");
      }
    }
  }

  /** Gives the variables with such names a gradient, if they have none. */
  void gradient(Predicate<String> names) {
    for (var spec : stepped()) {
      if (names.test(spec.name()) && withGradient.add(spec.name())) {
        account().hold(stepped(spec) * Float.BYTES);
        gradients += stepped(spec) * Float.BYTES;
      }
    }
  }

  private void zero() {
    withGradient.clear();
    account().hold(-gradients);
    gradients = 0;
  }

  private void moments(long bytes) {
    account().hold(bytes - moments);
    moments = bytes;
  }

  /** Elements of a gradient and of a moment: of the word embeddings only rows that were used. */
  private static long stepped(TensorSpec spec) {
    return spec.name().equals(Variables.WORDS)
        ? Math.min(spec.elements(), RowAdamW.FIRST * spec.shape().get(1))
        : spec.elements();
  }

  Optimizer optimizer(OptimizerSpec spec) {
    if (spec.kind() == OptimizerSpec.Kind.ADAMW) {
      moments(2 * Float.BYTES * stepped().stream().mapToLong(DryVariables::stepped).sum());
    }
    return new Optimizer() {
      @Override
      public void zero() {
        DryVariables.this.zero();
      }

      @Override
      public double step() {
        if (spec.kind() == OptimizerSpec.Kind.SGD && spec.momentum() != 0) {
          moments(gradients);
        }
        account().boundary();
        return 0;
      }

      /** From any thread. */
      @Override
      public void close() {
        lanes.run(
            () -> {
              moments(0);
              return true;
            },
            false);
      }
    };
  }

  void close() {
    account().hold(-own - gradients - moments);
    own = 0;
    gradients = 0;
    moments = 0;
  }
}
