package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.files.Pretrained;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The frozen weights that all models of an engine share. Each is copied out of its file when it is
 * first asked for, in the type that is asked for, so that what is trained everywhere takes no
 * memory. Thread-safe; the owner closes it when no program uses it any more.
 */
public final class FamilyWeights implements AutoCloseable {
  private final Pretrained stored;
  private final Map<String, String> names = new HashMap<>();
  private final Map<String, long[]> shapes = new HashMap<>();
  private final Map<Key, Tensor> held = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final boolean bf16;

  private record Key(String name, ScalarType type) {}

  /**
   * Takes the model over.
   *
   * @param bf16 whether frozen weights are kept in half the bytes
   */
  public FamilyWeights(Pretrained stored, boolean bf16) {
    this.stored = stored;
    this.bf16 = bf16;
    stored
        .tensors()
        .forEach((name, tensor) -> {
          names.put(name, name);
          shapes.put(name, tensor.shape());
        });
  }

  /** Type of frozen weights. */
  ScalarType type() {
    return bf16 ? ScalarType.BFloat16 : ScalarType.Float;
  }

  /** What frozen weights take in memory. */
  long bytes(List<TensorSpec> specs) {
    int each = type() == ScalarType.Float ? Float.BYTES : Short.BYTES;
    return each * specs.stream().mapToLong(TensorSpec::elements).sum();
  }

  /** A checkpoint of the bare model leaves out the name that it has within one with a head. */
  private @Nullable String find(String name) {
    var found = names.get(name);
    return found != null ? found : names.get(name.substring(name.indexOf('.') + 1));
  }

  /** Whether the checkpoint has a variable in this shape. */
  boolean has(TensorSpec spec) {
    var name = find(spec.name());
    return name != null && Arrays.equals(shapes.get(name), spec.dims());
  }

  /**
   * Refuses a checkpoint that lacks a variable of a family, or has it in another shape; a
   * classifier may be missing.
   *
   * @throws AnabranchException MODEL
   */
  public void require(Family family) {
    for (var spec : new FamilyShapes(family).pretrained()) {
      if (!has(spec)) {
        var name = find(spec.name());
        throw AnabranchException.expected(
            Failure.MODEL,
            stored.name() + ": tensor '" + spec.name() + "'",
            name == null ? "missing" : Arrays.toString(shapes.get(name)),
            spec.shape().toString());
      }
    }
  }

  /** A frozen weight in a type. */
  Tensor get(String name, ScalarType type) {
    return held.computeIfAbsent(new Key(name, type), this::copy);
  }

  /**
   * Frozen weights one below the other, so that one product does for several maps of one input.
   *
   * @param names of the maps; {@code kind} is what follows, such as {@code .weight}
   */
  Tensor joined(List<String> names, String kind, ScalarType type) {
    return held.computeIfAbsent(
        new Key(String.join("+", names) + kind, type),
        key -> {
          try (var scope = new PointerScope();
              var frozen = new NoGradGuard()) {
            return Tensors.own(below(names, kind, type));
          }
        });
  }

  /**
   * Frozen weights one below the other as {@link OneDnn#pack} leaves them; kept in this form alone
   * unless they are asked for in another too.
   *
   * @param names of the maps; {@code kind} is what follows, such as {@code .weight}
   */
  Tensor packed(List<String> names, String kind, ScalarType type) {
    return held.computeIfAbsent(
        new Key("packed " + String.join("+", names) + kind, type),
        key -> {
          try (var scope = new PointerScope();
              var frozen = new NoGradGuard()) {
            return Tensors.own(OneDnn.pack(below(names, kind, type)));
          }
        });
  }

  private Tensor below(List<String> names, String kind, ScalarType type) {
    if (names.size() == 1) {
      return read(names.get(0) + kind, type);
    }
    var all = new TensorVector();
    names.forEach(name -> all.push_back(read(name + kind, type)));
    return torch.cat(all);
  }

  /** What a family computes once from its configuration alone, such as a table of positions. */
  Tensor constant(String name, Supplier<Tensor> maker) {
    return held.computeIfAbsent(
        new Key(name, ScalarType.Undefined),
        key -> {
          try (var scope = new PointerScope();
              var frozen = new NoGradGuard()) {
            return Tensors.own(new Tensor(maker.get()));
          }
        });
  }

  private Tensor copy(Key key) {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      return Tensors.own(read(key.name, key.type));
    }
  }

  private Tensor read(String name, ScalarType type) {
    var found = find(name);
    return Views.copy(stored, found == null ? name : found, type);
  }

  /** Writes a weight elsewhere and keeps no copy of it. */
  void write(String name, Tensor into) {
    var found = find(name);
    stored.fp32(found == null ? name : found, Tensors.memory(into));
  }

  /** Lets go of the pages of the file that were read; they can be read again. */
  void release() {
    lock.lock();
    try {
      stored.release();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      held.values().forEach(Tensor::close);
      held.clear();
      stored.close();
    } finally {
      lock.unlock();
    }
  }
}
