package dev.anabranch.torch.internal;

import dev.anabranch.torch.BertMacs;
import dev.anabranch.torch.BertShapes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** {@link Chain} without values: what its passes count and hold. Used on a lane. */
final class DryChain {
  /**
   * Layers of one segment.
   *
   * @param layers ascending, at least one
   * @param e bytes of an element
   */
  record Part(List<Integer> layers, int e, boolean touched) {
    Part {
      layers = List.copyOf(layers);
    }
  }

  private final List<Part> parts;
  private final BertMacs macs;
  private final Footprint footprint;

  DryChain(List<Part> parts, BertMacs macs, Footprint footprint) {
    this.parts = List.copyOf(parts);
    this.macs = macs;
    this.footprint = footprint;
  }

  /** {@link Chain#through}. */
  DryChain through(int... layers) {
    Shapes.requireLayers(
        layers, parts.stream().flatMap(p -> p.layers.stream()).mapToInt(i -> i).toArray());
    var kept = new ArrayList<Part>();
    for (var part : parts) {
      var some = IntStream.of(layers).boxed().filter(part.layers::contains).toList();
      if (!some.isEmpty()) {
        kept.add(new Part(some, part.e, part.touched));
      }
    }
    return new DryChain(kept, macs, footprint);
  }

  boolean touched() {
    return parts.stream().anyMatch(Part::touched);
  }

  DryChain and(DryChain next) {
    var all = new ArrayList<>(parts);
    all.addAll(next.parts);
    return new DryChain(all, macs, footprint);
  }

  /** Gives the bytes of the result, which the caller frees. */
  long forward(Account account, long b, long t) {
    long held = 0;
    for (var part : parts) {
      held = forward(account, part, b, t, held);
    }
    return held;
  }

  private long forward(Account account, Part part, long b, long t, long before) {
    long held = before;
    for (int i : part.layers) {
      account.hold(footprint.hidden(b, t, part.e) - held);
      held = footprint.hidden(b, t, part.e);
      account.add(macs.forward(i, b, t));
      account.boundary();
    }
    return held;
  }

  /**
   * @param below whether the gradient of the input is needed
   */
  Tape record(Account account, long b, long t, boolean below) {
    var tape = new Tape(account, b, t, below);
    boolean needed = below;
    for (var part : parts) {
      needed |= part.touched;
      if (needed) {
        tape.record(part);
      } else {
        long held = forward(account, part, b, t, tape.output);
        tape.output = held;
      }
    }
    return tape;
  }

  /** What a forward pass left. */
  final class Tape {
    private final Account account;
    private final long b;
    private final long t;
    private final boolean below;
    private final List<Part> recorded = new ArrayList<>();
    private final List<Long> held = new ArrayList<>();

    /** Bytes of the last layer's output, while nothing else keeps it. */
    private long output;

    private Tape(Account account, long b, long t, boolean below) {
      this.account = account;
      this.b = b;
      this.t = t;
      this.below = below;
    }

    private void record(Part part) {
      long saved = 0;
      boolean auto = part.layers.stream().anyMatch(footprint::byAutograd);
      boolean needed = below || !recorded.isEmpty();
      for (int i : part.layers) {
        if (footprint.keepsInput(i, needed)) {
          saved += output;
        } else {
          account.hold(-output);
        }
        output = footprint.hidden(b, t, part.e);
        long more =
            auto
                ? footprint.recorded(i, b, t, part.e, needed)
                : footprint.kept(i, b, t, part.e, needed);
        account.hold(output + more);
        saved += more;
        needed |= macs.touches(i);
        account.add(macs.forward(i, b, t));
        account.boundary();
      }
      recorded.add(part);
      held.add(saved);
    }

    /** Bytes of an element of the output. */
    int e() {
      return recorded.isEmpty() ? Float.BYTES : recorded.getLast().e;
    }

    /** Uses the tape up; the layers' variables have gradients then. */
    void backward(DryVariables variables) {
      for (int k = recorded.size() - 1; k >= 0; k--) {
        var part = recorded.get(k);
        boolean input = below || k > 0;
        long inner = input ? footprint.hidden(b, t, part.e) : 0;
        account.hold(inner - held.get(k));
        held.set(k, 0L);
        for (int i : part.layers) {
          var at = BertShapes.layer(i);
          variables.gradient(name -> name.startsWith(at));
          account.add(macs.backward(i, b, t, input || i > part.layers.getFirst()));
        }
        account.boundary();
        account.hold(-inner);
      }
    }

    /** Frees what is left; closing twice is allowed. */
    void close() {
      held.forEach(bytes -> account.hold(-bytes));
      held.clear();
      recorded.clear();
      account.hold(-output);
      output = 0;
    }
  }
}
