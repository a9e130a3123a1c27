package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One linear map of a layer in one step: frozen or trained weight, with or without low-rank updates
 * beside it. Several modules that share an input (query, key, value) are one map.
 *
 * <p>The updates of all modules are two thin products: x Aᵀ with the A of every module stacked [R,
 * in], and u Bᵀ with B as blocks [out, R], already scaled. Thread-confined to the step.
 */
final class Linear {
  /** A module inside the map: rows {@code offset} to {@code offset + rows} of the weight. */
  private record Part(
      String name, long offset, long rows, boolean weight, boolean bias, @Nullable Update update) {}

  /** Rows {@code at} to {@code at + rank} of the stacked A. */
  private record Update(long at, long rank, double scale) {}

  private final ScalarType type;
  private final Products products;
  private Tensor weight;
  private final Tensor forth; // the weight as forward products read it fastest
  private final Tensor bias;
  private final List<Part> parts = new ArrayList<>();
  private @Nullable Tensor a;
  private @Nullable Tensor b;

  private @Nullable Tensor down; // u = x Aᵀ, kept from forward to backward
  private @Nullable Tensor up; // d B, within a backward pass

  /**
   * @param at the layer, for example {@code encoder.layer.3.}
   * @param modules in the order of the rows of the weight
   */
  Linear(
      BertWeights weights,
      Hooks hooks,
      Products products,
      int layer,
      List<String> modules,
      Supplier<Tensor> frozenWeight,
      Supplier<Tensor> frozenPacked,
      Supplier<Tensor> frozenBias) {
    this.type = weights.type();
    this.products = products;
    String at = BertConfig.layer(layer);
    long offset = 0;
    long rank = 0;
    var as = new TensorVector();
    for (String module : modules) {
      Tensor own = hooks.trained(at + module + ".weight");
      long rows = own == null ? frozenWeight.get().size(0) / modules.size() : own.size(0);
      Hooks.Lora lora = hooks.lora(layer, module);
      Update update = null;
      if (lora != null) {
        update = new Update(rank, lora.a().size(0), lora.scale());
        rank += update.rank;
        as.push_back(BertLayers.cast(lora.a(), type));
      }
      String name = at + module;
      parts.add(
          new Part(
              name,
              offset,
              rows,
              hooks.steps(name + ".weight"),
              hooks.steps(name + ".bias"),
              update));
      offset += rows;
    }
    this.weight = joined(weights, hooks, ".weight", frozenWeight);
    this.forth = frozen(hooks, ".weight") ? frozenPacked.get() : weight;
    this.bias = joined(weights, hooks, ".bias", frozenBias);
    this.a = rank == 0 ? null : as.size() == 1 ? new Tensor(as.get(0)) : torch.cat(as);
    this.b = rank == 0 ? null : blocks(hooks, layer, modules, offset, rank);
  }

  private boolean frozen(Hooks hooks, String kind) {
    return parts.stream().allMatch(part -> hooks.trained(part.name + kind) == null);
  }

  private Tensor joined(BertWeights weights, Hooks hooks, String kind, Supplier<Tensor> frozen) {
    if (frozen(hooks, kind)) {
      return frozen.get();
    }
    var all = new TensorVector();
    for (Part part : parts) {
      Tensor variable = hooks.trained(part.name + kind);
      Tensor value = variable == null ? weights.get(part.name + kind) : variable;
      all.push_back(BertLayers.cast(value, type));
    }
    return all.size() == 1 ? new Tensor(all.get(0)) : torch.cat(all);
  }

  private Tensor blocks(Hooks hooks, int layer, List<String> modules, long rows, long rank) {
    if (parts.size() == 1) {
      Hooks.Lora lora = Objects.requireNonNull(hooks.lora(layer, modules.get(0)));
      return BertLayers.cast(lora.b().mul(new Scalar(lora.scale())), type);
    }
    Tensor all = torch.zeros(new long[] {rows, rank}, weight.options());
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      Hooks.Lora lora = hooks.lora(layer, modules.get(i));
      if (part.update != null && lora != null) {
        all.narrow(0, part.offset, part.rows)
            .narrow(1, part.update.at, part.update.rank)
            .copy_(lora.b().mul(new Scalar(part.update.scale)));
      }
    }
    return all;
  }

  /** Whether the backward pass computes any gradient of a parameter here. */
  boolean trains() {
    return needsInput() || parts.stream().anyMatch(Part::bias);
  }

  /** Whether the backward pass needs the input of this map. */
  boolean needsInput() {
    return a != null || parts.stream().anyMatch(Part::weight);
  }

  /** Keeps what the backward pass needs past the scope that is open now. */
  void keep(UnaryOperator<Tensor> keep, boolean inputGradient) {
    if (a != null && b != null && down != null) {
      down = keep.apply(down);
      a = keep.apply(a);
      b = keep.apply(b);
    }
    if (inputGradient) {
      weight = keep.apply(weight);
    }
  }

  /** [m, in] to [m, out]. */
  Tensor forward(Tensor x) {
    return update(x, products.linear(x, forth, bias));
  }

  /** The same plus {@code other}, which stays as it is. */
  Tensor forwardPlus(Tensor x, Tensor other) {
    return update(x, products.linearPlus(x, forth, bias, other, false));
  }

  private Tensor update(Tensor x, Tensor y) {
    if (a == null || b == null) {
      return y;
    }
    down = products.thin(x, a.t());
    return products.thinInto(y, down, b.t());
  }

  /**
   * Adds to the gradients of the parameters; comes before {@link #input}.
   *
   * @param d gradient of the result, [m, out]
   * @param x the input, [m, in]; may be null if {@link #needsInput} is false
   */
  void parameters(Tensor d, @Nullable Tensor x, Gradients gradients) {
    parts.stream().filter(Part::bias).forEach(part -> bias(part, d, gradients));
    if (x == null) {
      return;
    }
    if (parts.stream().anyMatch(Part::weight)) {
      weight(d, x, gradients);
    }
    if (b != null && down != null) {
      up = products.thin(d, b);
      updates(products.thin(up.t(), x), products.thin(d.t(), down), gradients);
    }
  }

  /**
   * The gradient of the input, [m, in].
   *
   * @param d gradient of the result, [m, out]
   * @param into what it is added to, [m, in], and overwritten perhaps; null for nothing
   */
  Tensor input(Tensor d, @Nullable Tensor into) {
    Tensor back =
        into == null
            ? products.linear(d, weight.t(), null)
            : products.linearPlus(d, weight.t(), null, into, true);
    return a == null || up == null ? back : products.thinInto(back, up, a);
  }

  private void bias(Part part, Tensor d, Gradients gradients) {
    Tensor own = parts.size() == 1 ? d : d.narrow(1, part.offset, part.rows);
    gradients.add(
        part.name + ".bias",
        own.sum(new long[] {0}, false, new ScalarTypeOptional(ScalarType.Float)));
  }

  private void weight(Tensor d, Tensor x, Gradients gradients) {
    if (parts.stream().allMatch(Part::weight)) {
      Tensor all = products.weight(d, x);
      parts.forEach(
          part -> gradients.add(part.name + ".weight", all.narrow(0, part.offset, part.rows)));
      return;
    }
    for (Part part : parts) {
      if (part.weight) {
        Tensor own = d.narrow(1, part.offset, part.rows).contiguous();
        gradients.add(part.name + ".weight", products.weight(own, x));
      }
    }
  }

  private void updates(Tensor da, Tensor db, Gradients gradients) {
    for (Part part : parts) {
      Update u = part.update;
      if (u != null) {
        gradients.add(part.name + ".lora_A", da.narrow(0, u.at, u.rank));
        gradients.add(
            part.name + ".lora_B",
            db.narrow(0, part.offset, part.rows)
                .narrow(1, u.at, u.rank)
                .to(ScalarType.Float)
                .mul(new Scalar(u.scale)));
      }
    }
  }
}
