package dev.anabranch.app.run;

import dev.anabranch.app.plan.Profiles;
import dev.anabranch.core.Codec;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Method;
import dev.anabranch.core.Tensor;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.parts.ValueCodecProvider;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** What the modules on the class path offer, in order of name. */
public final class Installed {
  private Installed() {}

  /** Methods: one file and one line in {@code META-INF/services} each. */
  public static List<Kind<? extends Method<?>>> methods() {
    return ServiceLoader.load(MethodProvider.class).stream()
        .<Kind<? extends Method<?>>>map(provider -> provider.get().kind())
        .sorted(Comparator.comparing(Kind::name))
        .toList();
  }

  /** Value codecs, found in the same way. */
  public static List<Kind<Codec<Tensor>>> codecs() {
    return ServiceLoader.load(ValueCodecProvider.class).stream()
        .map(provider -> provider.get().kind())
        .sorted(Comparator.comparing(Kind::name))
        .toList();
  }

  /** Kinds of device. */
  public static List<DeviceProfile> profiles() {
    return Profiles.ALL;
  }
}
