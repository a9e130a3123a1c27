package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.torch.files.SafeTensors;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.IntStream;

/** Inputs and outputs in the golden folders ({@code golden/make.py}). */
public final class Golden {
  private Golden() {}

  private static SafeTensors open(String folder, String file) throws Exception {
    var name = "/golden/" + folder + "/" + file + ".safetensors";
    return SafeTensors.open(
        Path.of(Objects.requireNonNull(Golden.class.getResource(name), name).toURI()));
  }

  /** The input of a folder's expected outputs. */
  public static Batch batch(String folder) throws Exception {
    try (var file = open(folder, "expected")) {
      int b = (int) Objects.requireNonNull(file.tensors().get("in.input_ids")).shape()[0];
      long[] ids = longs(file, "in.input_ids");
      long[] mask = longs(file, "in.attention_mask");
      int t = ids.length / b;
      int[] lengths = new int[b];
      IntStream.range(0, mask.length).forEach(i -> lengths[i / t] += (int) mask[i]);
      return new Batch(
          IntStream.range(0, b).toArray(),
          new Inputs.Tokens(
              IntStream.range(0, ids.length).map(i -> (int) ids[i]).toArray(),
              t,
              lengths,
              new int[ids.length]),
          new int[b]);
    }
  }

  private static long[] longs(SafeTensors file, String name) {
    return file.bytes(name).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
  }

  /** The values of one tensor. */
  public static float[] floats(String folder, String file, String name) throws Exception {
    try (var open = open(folder, file)) {
      return open.value(name).toArray();
    }
  }
}
