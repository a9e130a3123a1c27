package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Fabric;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.core.Settings;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.methods.averaging.Central;
import dev.anabranch.methods.averaging.FedAvg;
import dev.anabranch.methods.averaging.FedProx;
import dev.anabranch.methods.averaging.LocalOnly;
import dev.anabranch.methods.caesar.Caesar;
import dev.anabranch.methods.distillation.FedPt;
import dev.anabranch.methods.distillation.Student;
import dev.anabranch.methods.droppeft.DropPeft;
import dev.anabranch.methods.gossip.SingleMerge;
import dev.anabranch.methods.gossip.SingleMergeKind;
import dev.anabranch.methods.overlap.ParaBlock;
import dev.anabranch.methods.overlap.ParaBlockKinds;
import dev.anabranch.methods.split.SfPrompt;
import dev.anabranch.methods.split.SflFull;
import dev.anabranch.methods.split.SflLinear;
import dev.anabranch.testkit.MethodContract;
import dev.anabranch.testkit.ToyEngine;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The contract of every method that a plan can choose. */
final class MethodContractTest {
  /** A method by its provider; three rounds of three devices. */
  abstract static class Kit extends MethodContract {
    private final MethodProvider provider;
    private final Map<String, ?> settings;

    Kit(MethodProvider provider, Map<String, ?> settings) {
      this.provider = provider;
      this.settings = settings;
    }

    @Override
    protected Method<?> method() {
      var all = new LinkedHashMap<String, Object>();
      var kind = provider.kind();
      all.putAll(Map.of("rounds", 3, "cohort", 3, "examples", 8, "batch", 3));
      all.keySet().retainAll(kind.knobs().stream().map(k -> k.name()).toList());
      all.putAll(settings);
      return kind.make().apply(Settings.read("method." + kind.name(), kind.knobs(), all));
    }

    @Override
    protected Fabric fabric(int resident, UnaryOperator<Link> links) {
      return new LocalFabric(resident, links);
    }
  }

  @Test
  void everyMethodHasItsKit() {
    assertThat(ServiceLoader.load(MethodProvider.class).stream().count())
        .isEqualTo(
            Arrays.stream(MethodContractTest.class.getDeclaredClasses())
                .filter(c -> c.isAnnotationPresent(Nested.class))
                .map(Class::getSuperclass)
                .filter(Kit.class::equals)
                .count());
  }

  @Nested
  final class OfFedAvg extends Kit {
    OfFedAvg() {
      super(new FedAvg.Provider(), Map.of());
    }
  }

  @Nested
  final class OfFedProx extends Kit {
    OfFedProx() {
      super(new FedProx.Provider(), Map.of("mu", 0.1, "parameterisation", "head"));
    }
  }

  @Nested
  final class OfCentral extends Kit {
    OfCentral() {
      super(new Central.Provider(), Map.of());
    }
  }

  @Nested
  final class OfLocalOnly extends Kit {
    OfLocalOnly() {
      super(new LocalOnly.Provider(), Map.of());
    }
  }

  @Nested
  final class OfSingleMerge extends Kit {
    OfSingleMerge() {
      super(new SingleMergeKind(), Map.of("topology", "ring"));
    }

    @Override
    protected SingleMerge method() {
      return (SingleMerge) super.method();
    }
  }

  @Nested
  final class OfParaBlock extends Kit {
    OfParaBlock() {
      super(new ParaBlockKinds.Parallel(), Map.of());
    }

    @Override
    protected ParaBlock method() {
      return (ParaBlock) super.method();
    }
  }

  @Nested
  final class OfFlBcd extends Kit {
    OfFlBcd() {
      super(new ParaBlockKinds.Sequential(), Map.of("order", "ascending"));
    }
  }

  @Nested
  final class OfFedPt extends Kit {
    OfFedPt() {
      super(
          new FedPt.Provider(),
          Map.of(
              "distilExamples", 6, "distilBatch", 3, "distilEvery", 2, "topK", 5, "healRounds", 1));
    }

    @Override
    protected ToyEngine engine(int lanes) {
      return ToyEngine.language(6, lanes, 7);
    }
  }

  @Nested
  final class OfStudent extends Kit {
    OfStudent() {
      super(new Student.Provider(), Map.of("distilExamples", 6, "distilBatch", 3));
    }

    @Override
    protected ToyEngine engine(int lanes) {
      return ToyEngine.language(6, lanes, 7);
    }
  }

  @Nested
  final class OfSflFull extends Kit {
    OfSflFull() {
      super(new SflFull.Provider(), Map.of());
    }
  }

  @Nested
  final class OfSflLinear extends Kit {
    OfSflLinear() {
      super(new SflLinear.Provider(), Map.of());
    }
  }

  @Nested
  final class OfSfPrompt extends Kit {
    OfSfPrompt() {
      super(
          new SfPrompt.Provider(),
          Map.of("selfUpdateEpochs", 1, "auxTail", true, "freezeRounds", 2, "scoreWeight", 0.5));
    }
  }

  @Nested
  final class OfDropPeft extends Kit {
    OfDropPeft() {
      super(
          new DropPeft.Provider(),
          Map.of("rounds", 5, "rates", java.util.List.of("0.25", "0.5", "0.75"), "probe", 2));
    }
  }

  @Nested
  final class OfCaesar extends Kit {
    OfCaesar() {
      super(new Caesar.Provider(), Map.of("rounds", 5, "steps", 3, "batchMin", 1, "feedback", 0.5));
    }
  }
}
