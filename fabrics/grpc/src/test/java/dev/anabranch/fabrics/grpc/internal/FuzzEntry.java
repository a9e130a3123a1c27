package dev.anabranch.fabrics.grpc.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Where Jazzer enters; its first argument names the target. One target a process. */
public final class FuzzEntry {
  private static @Nullable FuzzTarget target;

  private FuzzEntry() {}

  /** All targets by name, in a fixed order. */
  static Map<String, Supplier<FuzzTarget>> targets() {
    var out = new LinkedHashMap<String, Supplier<FuzzTarget>>();
    out.put("frames", FramesFuzz::new);
    out.put("standing", StandingFuzz::new);
    out.put("files", FilesFuzz::new);
    out.put("codecs", CodecsFuzz::new);
    return out;
  }

  static FuzzTarget make(String name) {
    return Objects.requireNonNull(targets().get(name), name).get();
  }

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize(String[] args) {
    target = make(args[0]);
  }

  /** Called by Jazzer with each input. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    Objects.requireNonNull(target).run(input);
  }
}
