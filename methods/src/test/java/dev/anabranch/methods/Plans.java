package dev.anabranch.methods;

import dev.anabranch.core.Engine;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Settings;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.UnaryOperator;

/** Builds methods as a plan does, and runs them on the toy engine. */
final class Plans {
  private Plans() {}

  static Kind<? extends Method<?>> kind(String name) {
    return ServiceLoader.load(MethodProvider.class).stream()
        .map(p -> p.get().kind())
        .filter(k -> k.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  static Method<?> method(String name, Map<String, ?> settings) {
    var kind = kind(name);
    return kind.make().apply(Settings.read("method." + name, kind.knobs(), settings));
  }

  static Outcome run(Method<?> method, int lanes, UnaryOperator<ToyJob> change) {
    try (var engine = ToyEngine.small(lanes)) {
      return run(method, change.apply(ToyJob.of(engine, 6)), engine);
    }
  }

  static <S> Outcome run(Method<S> method, ToyJob job, Engine engine) {
    return new LocalFabric().run(method, job.job(method.use(engine.facts())));
  }
}
