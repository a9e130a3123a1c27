package dev.anabranch.methods.averaging;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Check;
import dev.anabranch.core.Device;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.RoundMethod;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Training;
import java.util.Set;

/**
 * FedProx: {@link FedAvg} whose local objective adds (mu / 2) · ‖w − w_global‖².
 *
 * <p>Differs from Algorithm 2: the inexact solver is a fixed number of epochs, not a
 * gamma-inexactness test.
 *
 * @param mu weight of the proximal term (expected: at least 0; 0 is FedAvg)
 */
@Paper(
    title = "Federated Optimization in Heterogeneous Networks",
    url = "https://arxiv.org/abs/1812.06127")
public record FedProx(
    Training training, Parameterisation parameterisation, boolean weighted, double mu)
    implements Averaging, RoundMethod<TensorMap, TensorMap, Update> {
  static final Knob.Real MU = new Knob.Real("mu", 0.01, 0, 1e6, "weight of the proximal term");

  public FedProx {
    Check.that(mu >= 0, "mu", mu, "at least 0");
  }

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<FedProx> kind() {
      return Kind.of(
          "fedprox",
          "fedavg with a pull towards the global variables",
          Training.knobs(FedAvg.LEARNING_RATE, FedAvg.TRAINED, FedAvg.WEIGHTED, MU),
          s ->
              new FedProx(
                  Training.read(s, FedAvg.LEARNING_RATE),
                  s.make(FedAvg.TRAINED, Parameterisation.class),
                  s.flag(FedAvg.WEIGHTED),
                  s.real(MU)));
    }
  }

  @Override
  public Card card() {
    return new Card("fedprox", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return FedAvg.whole(model, parameterisation);
  }

  @Override
  public Update work(Device me, TensorMap global) {
    return FedAvg.train(me, global, training, new GradientTerm.Proximal(mu, global));
  }
}
