package dev.anabranch.parts;

import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** Names and shapes in the head of a message whose values stand in one row. */
final class FlatSpecs {
  private static final int MOST = 1 << 20;

  private FlatSpecs() {}

  static void write(List<TensorSpec> specs, WireOut out) {
    out.headInt(specs.size());
    for (var spec : specs) {
      out.headText(spec.name());
      out.headShape(spec.dims());
    }
  }

  static List<TensorSpec> read(WireIn in) {
    int n = in.headCount(MOST);
    var names = new HashSet<String>();
    var specs = new ArrayList<TensorSpec>();
    long all = 0;
    for (int i = 0; i < n; i++) {
      var spec = TensorSpec.of(in.headText(), in.headShape());
      if (!names.add(spec.name())) {
        throw new WireException("tensor '" + spec.name() + "' stands twice (expected: once)");
      }
      all += spec.elements();
      if (all > Integer.MAX_VALUE - 8) {
        throw new WireException("values: " + all + " (expected: fewer than 2^31)");
      }
      specs.add(spec);
    }
    return specs;
  }

  static long elements(List<TensorSpec> specs) {
    return specs.stream().mapToLong(TensorSpec::elements).sum();
  }
}
