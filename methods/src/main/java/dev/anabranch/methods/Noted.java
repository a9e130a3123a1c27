package dev.anabranch.methods;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A state between rounds: the global variables, and what the coordinator has noted about devices.
 *
 * @param notes by name, such as {@code last/device 3}; exact, and in order of name
 */
public record Noted(TensorMap global, SortedMap<String, Double> notes) {
  /** For checkpoints. */
  public static final Codec<Noted> CODEC = new Form();

  private static final int MOST = 1 << 26;

  public Noted(TensorMap global) {
    this(global, new TreeMap<>());
  }

  public Noted with(TensorMap next) {
    return new Noted(next, notes);
  }

  private record Form() implements Codec<Noted> {
    @Override
    public String id() {
      return "noted/1";
    }

    @Override
    public Fidelity fidelity() {
      return Fidelity.EXACT;
    }

    @Override
    public void encode(Noted state, WireOut out, Memory memory) {
      Codecs.TENSORS.encode(state.global, out, memory);
      out.headInt(state.notes.size());
      state.notes.forEach((name, value) -> {
        out.headText(name);
        out.headDouble(value);
      });
    }

    @Override
    public Noted decode(WireIn in, Memory memory) {
      var global = Codecs.TENSORS.decode(in, memory);
      var notes = new TreeMap<String, Double>();
      for (int n = in.headCount(MOST); n > 0; n--) {
        var name = in.headText();
        if (notes.put(name, in.headDouble()) != null) {
          throw new WireException("note '" + name + "' stands twice (expected: once)");
        }
      }
      return new Noted(global, notes);
    }
  }
}
