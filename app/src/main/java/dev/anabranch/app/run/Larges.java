package dev.anabranch.app.run;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Settings;
import dev.anabranch.data.TextTokenizer;
import dev.anabranch.torch.Engines;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.Models;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The large models that plans put beside their coordinators; each is loaded once for all plans that
 * name it. Not thread-safe; closing twice is allowed.
 */
final class Larges implements AutoCloseable {
  private final Map<List<Object>, EngineBox> open = new LinkedHashMap<>();

  /**
   * The large model of a plan; empty if it names none.
   *
   * @param small the plan's own engine
   * @param tokenizer the plan's own
   * @throws AnabranchException PLAN if the two do not read text as the same tokens
   */
  Optional<EngineBox> of(RunPlan plan, Engine small, TextTokenizer tokenizer, Precision precision) {
    var name = plan.large();
    if (name.isEmpty()) {
      return Optional.empty();
    }
    var key = List.<Object>of(name, plan.maxTokens(), precision, plan.lanes());
    var box = open.get(key);
    if (box == null) {
      box = load(plan, name, precision);
      open.put(key, box);
    }
    requireSame(plan, box, small, tokenizer);
    return Optional.of(box);
  }

  /**
   * The same without values: it knows as many tokens and says nothing of them; empty if the plan
   * names none.
   */
  static Optional<BlackBox> dry(RunPlan plan, Precision precision) {
    var name = plan.large();
    var task = new TorchEngine.Task(0, plan.maxTokens(), Pooling.NONE);
    return name.isEmpty()
        ? Optional.empty()
        : Optional.of(EngineBox.of(Engines.dry(source(name), task, precision)));
  }

  private static EngineBox load(RunPlan plan, String name, Precision precision) {
    var task = new TorchEngine.Task(0, plan.maxTokens(), Pooling.NONE);
    return EngineBox.of(Engines.open(source(name), task, precision, plan.lanes()));
  }

  /** A model that has a name of its own, or one at a path. */
  private static ModelSource source(String name) {
    for (Kind<ModelSource> kind : Models.KINDS) {
      if (kind.answersTo(name) && kind.knobs().isEmpty()) {
        return kind.make().apply(Settings.read("large", kind.knobs(), Map.of()));
      }
    }
    var path =
        Models.KINDS.stream().filter(kind -> kind.answersTo("path")).findFirst().orElseThrow();
    return path.make().apply(Settings.read("large", path.knobs(), Map.of("path", name)));
  }

  private static void requireSame(
      RunPlan plan, EngineBox box, Engine small, TextTokenizer tokenizer) {
    var key = "method." + plan.methodName() + ".large";
    int v = small.facts().classes();
    if (box.vocabulary() != v) {
      throw AnabranchException.expected(
          Failure.PLAN,
          key + ": vocabulary of " + box.name(),
          box.vocabulary() + " tokens",
          v + ", as that of " + small.facts().name());
    }
    var other = new TextTokenizer(source(plan.large()).tokenizer(), plan.maxTokens());
    for (int id = 0; id < v; id++) {
      var here = tokenizer.decode(new int[] {id});
      var there = other.decode(new int[] {id});
      if (!here.equals(there)) {
        throw AnabranchException.expected(
            Failure.PLAN,
            key + ": token " + id + " of " + box.name(),
            "'" + there + "'",
            "'" + here + "', as that of " + small.facts().name());
      }
    }
  }

  @Override
  public void close() {
    open.values().forEach(EngineBox::close);
    open.clear();
  }
}
