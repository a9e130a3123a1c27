package dev.anabranch.torch.internal;

import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Trainable;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The trained variables of one model: views of one block of memory in the order of the wire, so
 * that loading and copying are one pass. Initial values are drawn when they are first needed; a
 * load before that spares the draw. Used on a lane; not thread-safe.
 */
final class Variables implements HeldModel.Stepped, AutoCloseable {
  /** The word embeddings: the one variable of which a batch uses few rows. */
  static final String WORDS = "embeddings.word_embeddings.weight";

  private final List<TensorSpec> specs;
  private final dev.anabranch.core.Tensor block;
  private final Tensor flat;
  private final Map<String, Tensor> named = new LinkedHashMap<>();
  private final BiConsumer<TensorSpec, Tensor> init;
  private final @Nullable RowGradient words;
  private @Nullable RowAdamW debtor;
  private @Nullable Set<String> chosen;
  private boolean ready;
  private boolean closed;

  /**
   * @param init writes the initial values of one variable, all of them
   */
  Variables(List<TensorSpec> specs, BiConsumer<TensorSpec, Tensor> init) {
    this.specs = List.copyOf(specs);
    this.init = init;
    this.words =
        specs.stream()
            .filter(spec -> spec.name().equals(WORDS))
            .findFirst()
            .map(spec -> new RowGradient(spec.shape().get(1)))
            .orElse(null);
    long elements = specs.stream().mapToLong(TensorSpec::elements).sum();
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      block = dev.anabranch.core.Tensor.room(elements);
      flat = Tensors.own(Tensors.over(block));
      long at = 0;
      for (var spec : specs) {
        Tensor view = flat.narrow(0, at, spec.elements()).view(spec.dims()).detach();
        view.set_requires_grad(true);
        named.put(spec.name(), Tensors.own(view));
        at += spec.elements();
      }
    }
  }

  @Override
  public List<TensorSpec> specs() {
    return specs;
  }

  boolean has(String name) {
    return named.containsKey(name);
  }

  /** Whether a variable has a gradient and is stepped. */
  boolean steps(String name) {
    return named.containsKey(name) && (chosen == null || chosen.contains(name));
  }

  /** Those that are stepped, in the order of the wire. */
  List<TensorSpec> stepped() {
    return specs.stream().filter(spec -> steps(spec.name())).toList();
  }

  /** From now on only these are stepped; forgets all gradients. */
  @Override
  public void train(List<TensorSpec> some) {
    zero();
    chosen = some.stream().map(TensorSpec::name).collect(Collectors.toUnmodifiableSet());
    named.forEach((name, variable) -> variable.set_requires_grad(steps(name)));
  }

  /**
   * Some of these variables.
   *
   * @param some that follow one another
   */
  @Override
  public Trainable part(List<TensorSpec> some) {
    long from = 0;
    for (int i = 0; !some.isEmpty() && !specs.get(i).equals(some.getFirst()); i++) {
      from += specs.get(i).elements() * Float.BYTES;
    }
    return new Part(some, from);
  }

  /** Neighbours among the variables, which lie {@code from} bytes after the first. */
  private final class Part implements Trainable {
    private final List<TensorSpec> some;
    private final long from;

    Part(List<TensorSpec> some, long from) {
      this.some = some;
      this.from = from;
    }

    @Override
    public List<TensorSpec> specs() {
      return some;
    }

    @Override
    public TensorMap copy() {
      Meter.here();
      requireOpen();
      initialise();
      settle();
      var out = TensorMap.room(some);
      MemorySegment.copy(Tensors.memory(flat), from, out.data(), 0, out.data().byteSize());
      return out;
    }

    @Override
    public void load(TensorMap values) {
      Meter.here();
      requireOpen();
      values.requireSpecs(some);
      initialise();
      settle();
      MemorySegment.copy(values.data(), 0, Tensors.memory(flat), from, values.data().byteSize());
    }

    @Override
    public double gradientNorm(Predicate<String> which) {
      return Variables.this.gradientNorm(
          name -> some.stream().anyMatch(spec -> spec.name().equals(name)) && which.test(name));
    }
  }

  /** A variable, or null if this name is not trained. */
  @Nullable Tensor find(String name) {
    requireOpen();
    initialise();
    if (name.equals(WORDS)) {
      settle();
    }
    return named.get(name);
  }

  Tensor get(String name) {
    return Objects.requireNonNull(find(name), name);
  }

  /**
   * Rows of the word embeddings, which must be trained, without a copy of all.
   *
   * @param ids [b · t]
   * @return [b, t, d], detached, in the scope that is open now
   */
  Tensor lookup(int[] ids, long b, long t) {
    requireOpen();
    initialise();
    if (debtor != null) {
      debtor.touch(ids);
    }
    try (var frozen = new NoGradGuard()) {
      Tensor matrix = Objects.requireNonNull(named.get(WORDS));
      return torch.embedding(matrix, Tensors.ints(ids, b, t));
    }
  }

  /** Adds to the gradient of looked-up rows. */
  void addRows(int[] ids, Tensor gradient) {
    requireOpen();
    Objects.requireNonNull(words).add(ids, gradient);
  }

  /** The gradient of the word embeddings by rows; null if there is none. */
  @Nullable RowGradient rowGradient() {
    return words == null || words.isEmpty() ? null : words;
  }

  /** A variable's gradient in the scope that is open now; undefined if there is none. */
  Tensor gradient(String name) {
    Tensor variable = get(name);
    var rows = rowGradient();
    return rows != null && name.equals(WORDS) ? rows.dense(variable.size(0)) : variable.grad();
  }

  /** From now on this one's rows may be stale. */
  void indebted(RowAdamW rows) {
    if (debtor != null && !debtor.equals(rows)) {
      debtor.settle();
    }
    debtor = rows;
  }

  /** This one goes. */
  void settled(RowAdamW rows) {
    if (rows.equals(debtor)) {
      if (!closed) {
        rows.settle();
      }
      debtor = null;
    }
  }

  private void settle() {
    if (debtor != null) {
      debtor.settle();
    }
  }

  private void initialise() {
    if (ready) {
      return;
    }
    ready = true;
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      specs.forEach(spec -> init.accept(spec, Objects.requireNonNull(named.get(spec.name()))));
    }
  }

  @Override
  public TensorMap copy() {
    Meter.here();
    requireOpen();
    initialise();
    settle();
    var out = TensorMap.room(specs);
    MemorySegment.copy(Tensors.memory(flat), 0, out.data(), 0, out.data().byteSize());
    return out;
  }

  @Override
  public TensorMap minus(TensorMap before) {
    Meter.here();
    requireOpen();
    before.requireSpecs(specs);
    initialise();
    settle();
    var out = TensorMap.room(specs);
    if (flat.numel() == 0) {
      return out;
    }
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      Tensor into = Tensors.view(out.data(), ScalarType.Float, flat.numel());
      torch.sub_out(into, flat, Tensors.borrow(before.data(), flat.numel()));
    }
    return out;
  }

  @Override
  public void load(TensorMap values) {
    Meter.here();
    requireOpen();
    if (values.specs().equals(specs)) {
      MemorySegment.copy(values.data(), 0, Tensors.memory(flat), 0, values.data().byteSize());
    } else {
      loadByName(values);
    }
    if (debtor != null) {
      debtor.forgive();
    }
    ready = true;
  }

  /** The same names in another order. */
  private void loadByName(TensorMap values) {
    for (var spec : values.specs()) {
      if (!named.containsKey(spec.name())) {
        throw new IllegalArgumentException(
            "tensor '" + spec.name() + "': unknown (expected: " + named.keySet() + ")");
      }
    }
    for (var spec : specs) {
      var found = values.get(spec.name());
      if (!TensorSpec.of(spec.name(), found.shape()).equals(spec)) {
        throw new IllegalArgumentException(
            "tensor '" + spec.name() + "': " + found + " (expected: " + spec.shape() + ")");
      }
    }
    var memory = Tensors.memory(flat);
    long at = 0;
    for (var spec : specs) {
      var data = values.get(spec.name()).data();
      MemorySegment.copy(data, 0, memory, at, data.byteSize());
      at += data.byteSize();
    }
  }

  @Override
  public double gradientNorm(Predicate<String> names) {
    Meter.here();
    double sum = 0;
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      for (var spec : specs) {
        if (names.test(spec.name())) {
          Tensor gradient = gradient(spec.name());
          double norm = gradient.defined() ? torch.linalg_vector_norm(gradient).item_double() : 0;
          sum += norm * norm;
        }
      }
    }
    return Math.sqrt(sum);
  }

  /** Adds to a variable's gradient; the first becomes it. */
  void addGradient(String name, Tensor gradient) {
    Tensor variable = get(name);
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      if (variable.grad().defined()) {
        variable.grad().add_(gradient);
      } else {
        variable.mutable_grad().put(gradient);
      }
    }
  }

  /** Forgets all gradients. */
  void zero() {
    requireOpen();
    for (var variable : named.values()) {
      variable.mutable_grad().reset();
    }
    if (words != null) {
      words.clear();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("model: closed (expected: open)");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      new ArrayList<>(named.values()).forEach(Tensor::close);
      if (words != null) {
        words.close();
      }
      flat.close();
      block.close();
    }
  }
}
